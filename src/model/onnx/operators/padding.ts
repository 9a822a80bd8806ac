/** The padding of a convolution, with that of a Pad node in front of it where both together are one padding. */
import { t } from '@vscode/l10n';
import type { PaddingMode } from '../../model';
import { quote } from '../../quote';
import { stringAttribute } from '../attributes';
import type { Facts } from '../facts';
import { operatorOf, type Operation, type Value } from '../program';
import { dimension, isKnown, type Shape } from '../shape';
import { padsOfPad } from '../shapes/windows';
import { outputOfAxis, padsOf, type Window } from '../window';
import { inputOf } from './rule';

export interface Padding {
  readonly mode: PaddingMode;
  /** ONNX order, elements of the input; null where unknown. */
  readonly amounts: readonly number[] | null;
  /** Spatial size before all padding; null where unknown. */
  readonly inputSize: readonly number[] | null;
  /** What is padded: the input of the Pad node where its padding is among the amounts. */
  readonly source: Value | null;
  readonly notes: readonly string[];
}

const modes: Readonly<Record<string, PaddingMode>> = {
  constant: 'zeros',
  reflect: 'reflect',
  edge: 'replicate',
  wrap: 'circular',
};

/**
 * @param shape of the convolution's input; null where unknown.
 * @param spatialAxes axes of the input that the window moves along.
 */
export async function paddingOf(
  operation: Operation,
  shape: Shape | null,
  window: Window,
  spatialAxes: readonly number[],
  facts: Facts,
): Promise<Padding> {
  const size = spatialSize(shape, spatialAxes, facts);
  const own = padsOf(window, size);
  const fits = isKnown(size) && size.every((length, axis) => outputOfAxis(window, axis, length) !== null);
  const source = inputOf(operation, 0);
  const alone = { mode: 'zeros', amounts: own, inputSize: fits ? size : null, source } as const;

  const pad = producerOf(source);
  if (pad === null || !isPad(pad)) return { ...alone, notes: [] };
  const amounts = await spatialPads(pad, spatialAxes, facts);
  if (amounts?.every((amount) => amount === 0)) return { ...alone, notes: [] };
  const joint = amounts === null || own === null ? null : combined(pad, amounts, own);
  const before = amounts === null ? null : sizeBefore(pad, amounts, size, spatialAxes, facts);
  if (joint === null || before === null || !isPossible(joint, before)) {
    return {
      ...alone,
      notes: [t`The padding of ${quote(pad.label)} in front of it is not part of the row.`],
    };
  }
  return {
    ...joint,
    inputSize: fits && isKnown(before) ? before : null,
    source: inputOf(pad, 0),
    notes: [t`The padding of ${quote(pad.label)} in front of it is part of the row.`],
  };
}

function isPad(operation: Operation): boolean {
  return operatorOf(operation) === 'Pad' || operatorOf(operation) === 'com.microsoft:Pad';
}

/** Size of what the Pad node is given, from its input or else from its output. */
function sizeBefore(
  pad: Operation,
  amounts: readonly number[],
  sizeAfter: Shape,
  spatialAxes: readonly number[],
  facts: Facts,
): Shape {
  const axes = spatialAxes.length;
  return spatialSize(facts.shape(inputOf(pad, 0)), spatialAxes, facts).map((length, axis) => {
    const after = sizeAfter[axis];
    return length ?? (after === null ? null : dimension(after - amounts[axis] - amounts[axis + axes]));
  });
}

/** Unknown sizes where the user has asked to ignore those in the file. */
export function spatialSize(shape: Shape | null, spatialAxes: readonly number[], facts: Facts): Shape {
  if (facts.ignoresSizes || shape?.length !== spatialAxes.length + 2) return spatialAxes.map(() => null);
  // An axis without elements leaves nothing to map.
  return spatialAxes.map((axis) => shape[axis] || null);
}

/** Calls and copies of a value that are looked through. */
const maximumCopies = 20;

/** The operation that computes a value, behind local functions and Identity. */
function producerOf(value: Value | null): Operation | null {
  let current = value;
  for (let copies = 0; copies < maximumCopies && current?.source.kind === 'operation'; copies++) {
    const { operation, index } = current.source;
    if (operation.isCall) current = operation.bodies[0].outputs[index] ?? null;
    else if (operatorOf(operation) === 'Identity') current = inputOf(operation, 0);
    else return operation;
  }
  return null;
}

/** Null where not known, where other axes are padded too, or where the padding depends on the network's input. */
async function spatialPads(
  pad: Operation,
  spatialAxes: readonly number[],
  facts: Facts,
): Promise<readonly number[] | null> {
  const rank = spatialAxes.length + 2;
  const pads = await padsOfPad(pad, rank, facts);
  if (pads === null || !isKnown(pads)) return null;
  const value = inputOf(pad, 2);
  if (value !== null && facts.constant(value) === null) return null;
  const others = pads.filter((_, i) => !spatialAxes.includes(i % rank));
  if (others.some((amount) => amount !== 0)) return null;
  return [...spatialAxes.map((axis) => pads[axis]), ...spatialAxes.map((axis) => pads[axis + rank])];
}

/**
 * First `amounts` by the Pad node, then `own` zeros by the convolution, as one padding; null where it is none.
 *
 * A constant other than zero shifts the output by a constant, and so is as good as zero. What the Pad node cuts off
 * does not come back: it cannot be set against zeros that are added later.
 */
function combined(
  pad: Operation,
  amounts: readonly number[],
  own: readonly number[],
): Pick<Padding, 'mode' | 'amounts'> | null {
  const mode = modes[stringAttribute(pad, 'mode', 'constant')];
  if (mode === undefined) return null;
  if (mode === 'zeros') {
    if (amounts.some((amount, i) => amount < 0 && own[i] > 0)) return null;
    return { mode, amounts: amounts.map((amount, i) => amount + own[i]) };
  }
  if (amounts.some((amount) => amount < 0) || own.some((amount) => amount !== 0)) return null;
  return { mode, amounts };
}

/** Reflection has only the elements inside of the edge to copy. */
function isPossible({ mode, amounts }: Pick<Padding, 'mode' | 'amounts'>, size: Shape): boolean {
  if (mode !== 'reflect' || amounts === null) return true;
  return amounts.every((amount, i) => amount < (size[i % size.length] ?? Infinity));
}
