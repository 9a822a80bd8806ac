import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../../src/model/errors';
import type { Model, Operator, Tensor } from '../../../../src/model/model';
import { openSafetensors } from '../../../../src/model/safetensors/open';
import { Folder } from '../../folder';
import { f32, f64, raw, safetensors } from '../../safetensors-builder';

const folder = new Folder();

/** Small files that reach every kind of layer. */
const seeds: readonly Uint8Array[] = [
  safetensors({
    'fc.weight': f32([2, 3]),
    'fc.bias': f32([2]),
    'conv.weight': raw('BF16', [2, 1, 3, 3], 2),
    'experts.up_proj': f64([2, 2, 2]),
    'bn.weight': f32([2]),
    'bn.running_mean': f32([2]),
    'bn.running_var': f32([2]),
  }),
  safetensors({
    'lstm.weight_ih_l0': f32([4, 2]),
    'lstm.weight_hh_l0': f32([4, 1]),
    'attn.in_proj_weight': f32([6, 2]),
    'n.weight_g': f32([2, 1]),
    'n.weight_v': f32([2, 2]),
    's.weight_orig': f32([2, 2]),
    's.weight_u': f32([2]),
    's.weight_v': f32([2]),
  }),
  safetensors(
    {
      'q.lora_A.weight': f32([1, 4]),
      'q.lora_B.weight': f32([3, 1]),
      'c.lora_down.weight': f32([1, 2, 3]),
      'c.lora_up.weight': f32([2, 1, 1]),
      'c.alpha': f32([]),
      'w.weight': raw('F8_E5M2', [4, 4], 1),
      'w.weight_scale': f32([4, 1]),
      'i.weight': raw('I8', [4], 1),
    },
    { format: 'pt' },
  ),
  safetensors({
    'a.hada_w1_a': f32([4, 1]),
    'a.hada_w1_b': f32([1, 6]),
    'a.hada_w2_a': f32([4, 1]),
    'a.hada_w2_b': f32([1, 6]),
    'b.lokr_w1': f32([2, 2]),
    'b.lokr_w2_a': f32([3, 2]),
    'b.lokr_w2_b': f32([2, 3]),
    'b.alpha': f32([]),
    'c.lokr_w1': f32([2, 1]),
    'c.lokr_t2': f32([1, 1, 3]),
    'c.lokr_w2_a': f32([1, 2]),
    'c.lokr_w2_b': f32([1, 2]),
    'c.dora_scale': f32([4, 1, 1]),
  }),
];

type Edit = (bytes: Buffer) => Buffer;

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const at = (bytes: Buffer, where: number) => Math.floor(where * bytes.length);

/** Texts that mean something in a header. */
const words = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '-1',
  '1e9',
  '4294967296',
  '9007199254740993',
  '0',
  'null',
  '\\u0000',
  '"F64"',
  '"I4"',
  '"__metadata__":',
  '"__proto__":',
  '.weight',
  '_scale',
  'weight_v',
  'lora_A',
  'hada_w1_a',
  'lokr_w2',
  'conv.weight',
];

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 0, max: 255 })).map(([where, value]): Edit => (bytes) => {
    bytes[at(bytes, where)] = value;
    return bytes;
  }),
  place.map(
    (where): Edit =>
      (bytes) =>
        bytes.subarray(0, at(bytes, where)),
  ),
  fc.tuple(place, fc.integer({ min: 1, max: 20 })).map(
    ([where, length]): Edit =>
      (bytes) =>
        Buffer.concat([bytes.subarray(0, at(bytes, where)), bytes.subarray(at(bytes, where) + length)]),
  ),
  fc.tuple(place, fc.constantFrom(...words)).map(
    ([where, word]): Edit =>
      (bytes) =>
        Buffer.concat([
          bytes.subarray(0, at(bytes, where)),
          Buffer.from(word),
          bytes.subarray(at(bytes, where)),
        ]),
  ),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((length): Edit => (bytes) => {
    if (bytes.length >= 8) bytes.writeBigUInt64LE(length);
    return bytes;
  }),
  // A digit of the header becomes another: shapes and offsets that nearly fit.
  fc.tuple(place, fc.integer({ min: 0, max: 9 })).map(([where, digit]): Edit => (bytes) => {
    const digits = [...bytes.keys()].filter((i) => i >= 8 && bytes[i] >= 48 && bytes[i] <= 57);
    if (digits.length > 0) bytes[digits[Math.floor(where * digits.length)]] = 48 + digit;
    return bytes;
  }),
);

const mutated = fc
  .record({
    seed: fc.constantFrom(...seeds),
    edits: fc.array(edit, { minLength: 1, maxLength: 4 }),
    fit: fc.boolean(),
  })
  .map(({ seed, edits, fit }) => {
    const bytes = edits.reduce((current, change) => change(current), Buffer.from(seed) as Buffer);
    // Half of the time the length of the header is made to fit what is there, so that edits of the text get through.
    const end = bytes.lastIndexOf('}');
    if (fit && end > 8) bytes.writeBigUInt64LE(BigInt(end - 7));
    return bytes;
  });

function tensorsOf(model: Model): Tensor[] {
  return model.layers.flatMap(({ operator, adapter }) => [
    ...tensorsIn(operator),
    ...(adapter === undefined ? [] : [adapter.whole.tensor]),
  ]);
}

function tensorsIn(operator: Operator): Tensor[] {
  switch (operator.kind) {
    case 'matrix':
    case 'convolution':
      return [operator.tensor];
    case 'diagonal':
      return operator.gain === null ? [operator.variance] : [operator.gain, operator.variance];
    case 'normalization':
      return [operator.gain];
    case 'lowRank':
      return [operator.up, operator.down];
    case 'factoredConvolution':
      return [operator.up, operator.core, ...(operator.down === null ? [] : [operator.down])];
    case 'kronecker':
      return [...tensorsIn(operator.left), ...tensorsIn(operator.right)];
  }
}

/** The error that a promise ends with, where it does; anything but a ModelError fails the test. */
async function modelError(work: Promise<unknown>): Promise<ModelError | null> {
  try {
    await work;
    return null;
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
}

describe('damaged safetensors files', () => {
  it('end in a ModelError that names the file, or in tensors of the size of the file', async () => {
    const path = folder.join('fuzz.safetensors');
    const seen = { opened: 0, refused: 0, layers: 0 };
    await fc.assert(
      fc.asyncProperty(mutated, async (bytes) => {
        await folder.write('fuzz.safetensors', bytes);
        let model: Model | undefined;
        const refusal = await modelError(
          openSafetensors(path, { inputSize: null }).then((opened) => (model = opened)),
        );
        if (model === undefined) {
          seen.refused++;
          expect(refusal?.message.startsWith(`${path}: `)).toBe(true);
          expect(refusal?.message).not.toMatch(/\n|undefined|NaN/);
          return;
        }
        seen.opened++;
        try {
          for (const tensor of tensorsOf(model)) {
            seen.layers++;
            const error = await modelError(
              tensor.read().then((values) => {
                expect(values.length).toBe(
                  tensor.shape.reduce((product, dimension) => product * dimension, 1),
                );
                // A kernel multiplied out from a pair may be larger than the file, by the square at most.
                expect(values.length).toBeLessThanOrEqual(bytes.length ** 2);
              }),
            );
            if (error !== null) expect(error.message.startsWith(`${path}: tensor "`)).toBe(true);
          }
        } finally {
          await model.close();
        }
      }),
      { numRuns: 4000 },
    );
    // The mutations do reach what lies behind the header.
    expect(seen.opened).toBeGreaterThan(400);
    expect(seen.refused).toBeGreaterThan(400);
    expect(seen.layers).toBeGreaterThan(2000);
  });

  it('is not fooled by its own seeds', async () => {
    for (const [i, bytes] of seeds.entries()) {
      const model = await openSafetensors(await folder.write(`seed ${i}.safetensors`, bytes), {
        inputSize: null,
      });
      expect(model.layers.length).toBeGreaterThan(2);
      for (const tensor of tensorsOf(model)) expect((await tensor.read()).every(Number.isFinite)).toBe(true);
      await model.close();
    }
  });
});
