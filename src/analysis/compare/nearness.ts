/** What has to be read of two weights before they can be subtracted. */
import type { Tensor } from '../../model/model';

/**
 * Whether the second of two tensors is nearer to `a` than the first, in the Frobenius norm. Where both are as near, or a
 * value is none, the first one is taken.
 */
export async function transposeIsNearer(a: Tensor, asStored: Tensor, turned: Tensor): Promise<boolean> {
  const values = await a.read();
  return (await squaredDistance(values, turned)) < (await squaredDistance(values, asStored));
}

async function squaredDistance(values: ArrayLike<number>, tensor: Tensor): Promise<number> {
  const others = await tensor.read();
  let sum = 0;
  for (let i = 0; i < others.length; i++) sum += (values[i] - others[i]) ** 2;
  return sum;
}

/** Whether two tensors hold the same numbers. */
export async function sameValues(a: Tensor, b: Tensor): Promise<boolean> {
  if (a.key === b.key) return true;
  const [x, y] = [await a.read(), await b.read()];
  return x.length === y.length && x.every((value: number, i) => value === y[i]);
}
