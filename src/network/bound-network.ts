/** The bound of a network: from the bounds of its layers to those between its inputs and outputs. */
import { t } from '@vscode/l10n';
import type { Computation } from '../model/onnx/computation';
import type { Facts } from '../model/onnx/facts';
import type { Value } from '../model/onnx/program';
import { isKnown, type Shape } from '../model/onnx/shape';
import { isComplex, isFloat, typeName } from '../model/onnx/types';
import type { Certainty, NetworkBound, NetworkReport } from '../report/report';
import { compose, type Composition, type Rules } from './compose';
import { coverageOf } from './coverage';
import { Folds, type Enclose } from './fold';
import { LayerSteps, type LayerBound, type PaddingOf } from './layer-steps';
import * as m from './magnitude';
import { NORMS, type Norm } from './norms';
import { stepOf } from './operators';
import { heaviestPath, limitsOf, whatIf } from './path';
import { patternOf } from './patterns';
import { ALL, within } from './ranges';
import { isStep } from './scalar-functions';

export interface NetworkRequest {
  readonly computation: Computation;
  /** What the rows of the report say, by the names of the layers; null: a row without a bound. */
  readonly bounds: ReadonlyMap<string, LayerBound | null>;
  readonly paddingOf: PaddingOf;
  /** Encloses an operator as the rows do: for layers that are folded into others. */
  readonly enclose: Enclose;
}

/** Elements of the inputs that bounds on a domain are for. */
const DOMAIN = { range: within(1), name: t('inputs in [-1, 1]') } as const;

/** Sizes that the file leaves open: of the first axis, and of the others in values of so many axes. */
const ASSUMED = { first: 1, inImages: 64, inSequences: 8 } as const;

/** Bounds in one norm: more than anybody reads; files of many unconnected networks have a few dozens. */
const MOST_BOUNDS = 3_000;
/** Operations times inputs that are followed: almost a kilobyte each, where all depend on all. */
const MOST_WORK = 3e6;

/** @throws RangeError where the network has more inputs and nodes than are followed */
export async function boundNetwork(request: NetworkRequest): Promise<NetworkReport> {
  const started = performance.now();
  const { computation, bounds } = request;
  const { program, facts } = computation;
  const inputs = program.inputs.filter(isContinuous);
  if (inputs.length * program.operations.length > MOST_WORK) {
    throw new RangeError(t`the network has ${inputs.length} inputs and ${program.operations.length} nodes`);
  }
  const layerSteps = new LayerSteps(computation.layers, bounds, request.paddingOf);
  const folds = new Folds(layerSteps, request.enclose);
  const composed = async (known: Facts): Promise<Composed> => {
    const rules = rulesFor(layerSteps, folds);
    const everywhere = await compose(program, known, inputs, ALL, rules);
    const isWhole = entriesOf(program.outputs, everywhere).every(({ bound }) => m.isFinite(bound));
    const bounded = isWhole ? everywhere : await compose(program, known, inputs, DOMAIN.range, rules);
    return { everywhere, bounded };
  };

  let scope = scopeOf(inputs, facts);
  let found = await composed(facts);
  let isAssumed = false;
  const shapes = assumedShapes(inputs, facts);
  if (shapes !== null && hasGaps(program.outputs, found)) {
    const sizedFacts = await computation.factsFor(shapes);
    const sized = await composed(sizedFacts);
    if (countGaps(program.outputs, sized) < countGaps(program.outputs, found)) {
      found = sized;
      isAssumed = true;
      scope = scopeOf(inputs, sizedFacts);
    }
  }

  const certainty = weakest(bounds);
  const entries = entriesOf(program.outputs, found.everywhere);
  const listed = largestOf(entries);
  const reported = listed.map((entry) => describe(entry, found, certainty));
  const heaviest = heaviestOf(entries, found);
  const { path, contributions } =
    heaviest === null ? NO_PATH : heaviestPath(heaviest.composition, heaviest.output, heaviest.index);
  return {
    bounds: reported,
    scope,
    isAssumed,
    coverage: coverageOf(computation, found.everywhere, found.bounded),
    path,
    contributions,
    whatIf: heaviest === null ? [] : whatIf(heaviest.composition, heaviest.output, heaviest.index),
    notes: notesOf(program.inputs, inputs, isAssumed, entries.length - listed.length),
    seconds: (performance.now() - started) / 1000,
  };
}

/** Inputs of which the file does not say that they are integers, truth values or texts. */
function isContinuous({ info }: Value): boolean {
  const type = typeName(info?.elementType ?? 0);
  return type === null || isFloat(type) || isComplex(type);
}

const NO_PATH = { path: [], contributions: [] } as const;

/** On all inputs, and on those of the domain: the same where the first has no gaps. */
interface Composed {
  readonly everywhere: Composition;
  readonly bounded: Composition;
}

interface Entry {
  readonly norm: Norm;
  /** Index of the input. */
  readonly index: number;
  readonly output: Value;
  readonly bound: m.Magnitude;
}

function rulesFor(layerSteps: LayerSteps, folds: Folds): Rules {
  return {
    stepOf: async (node) => {
      if (isStep(node.operator)) return stepOf(node);
      return (
        (await patternOf(node)) ??
        (await folds.stepOf(node)) ??
        (await layerSteps.stepOf(node)) ??
        (await stepOf(node))
      );
    },
    imageOf: (node) => layerSteps.imageOf(node),
    usesRanges: (operation) => !layerSteps.isLayer(operation),
  };
}

function entriesOf(outputs: readonly (Value | null)[], composition: Composition): Entry[] {
  return NORMS.flatMap((norm) =>
    outputs.flatMap((output) =>
      output === null
        ? []
        : [...composition.dependence(output)].map(([index, bound]) => ({
            norm,
            index,
            output,
            bound: bound[norm],
          })),
    ),
  );
}

/** In each norm the largest, in their order: where these keep to a limit, so do those that are left out. */
function largestOf(entries: readonly Entry[]): readonly Entry[] {
  const kept = new Set(
    NORMS.flatMap((norm) =>
      entries
        .filter((entry) => entry.norm === norm)
        .sort((a, b) => (m.isAbove(a.bound, b.bound) ? -1 : m.isAbove(b.bound, a.bound) ? 1 : 0))
        .slice(0, MOST_BOUNDS),
    ),
  );
  return entries.filter((entry) => kept.has(entry));
}

function boundIn(composition: Composition, { norm, index, output }: Entry): m.Magnitude {
  return composition.dependence(output).get(index)?.[norm] ?? m.ZERO;
}

function countGaps(outputs: readonly (Value | null)[], { everywhere, bounded }: Composed): number {
  // A bound on all inputs is worth more than one on some.
  return entriesOf(outputs, everywhere).reduce(
    (gaps, entry) => gaps + (m.isFinite(entry.bound) ? 0 : m.isFinite(boundIn(bounded, entry)) ? 1 : 2),
    0,
  );
}

function hasGaps(outputs: readonly (Value | null)[], composed: Composed): boolean {
  return countGaps(outputs, composed) > 0;
}

function describe(entry: Entry, { everywhere, bounded }: Composed, certainty: Certainty): NetworkBound {
  const isGlobal = m.isFinite(entry.bound);
  const bound = isGlobal ? entry.bound : boundIn(bounded, entry);
  const log10 = m.log10(bound);
  const known = m.isFinite(bound);
  return {
    norm: entry.norm,
    input: everywhere.inputs[entry.index].name,
    output: entry.output.name,
    lower: null,
    upper: m.toNumber(bound),
    log10Upper: Number.isFinite(log10) ? log10 : null,
    certainty: known ? certainty : null,
    domain: known && !isGlobal ? DOMAIN.name : null,
    limits: isGlobal ? [] : limitsOf(everywhere, entry.output, entry.index, entry.norm),
  };
}

function heaviestOf(
  entries: readonly Entry[],
  { everywhere, bounded }: Composed,
): (Entry & { readonly composition: Composition }) | null {
  const known = entries
    .filter(({ norm }) => norm === 'L2')
    .flatMap((entry) => {
      const composition = m.isFinite(entry.bound) ? everywhere : bounded;
      const bound = boundIn(composition, entry);
      return m.isFinite(bound) && !m.isZero(bound) ? [{ ...entry, bound, composition }] : [];
    });
  return known.reduce<(typeof known)[number] | null>(
    (most, entry) => (most === null || m.isAbove(entry.bound, most.bound) ? entry : most),
    null,
  );
}

/** From the strongest promise to the weakest. */
const CERTAINTIES: readonly Certainty[] = ['certified', 'analytic', 'probable', 'estimate'];

/** What is promised of a product is what is promised of the weakest of its factors. */
function weakest(bounds: NetworkRequest['bounds']): Certainty {
  const used = [...bounds.values()].map((bound) => CERTAINTIES.indexOf(bound?.certainty ?? 'certified'));
  return CERTAINTIES[used.reduce((a, b) => Math.max(a, b), 0)];
}

/** A shape for each input whose sizes the file leaves open; null where there is none, or where not even the rank is known. */
function assumedShapes(inputs: readonly Value[], facts: Facts): ReadonlyMap<Value, readonly number[]> | null {
  const shapes = new Map<Value, readonly number[]>();
  let open = false;
  for (const value of inputs) {
    const shape = facts.shape(value);
    if (shape === null) continue;
    if (!isKnown(shape)) open = true;
    shapes.set(value, assumedShape(shape));
  }
  return open ? shapes : null;
}

export function assumedShape(shape: Shape): readonly number[] {
  const other = shape.length > 3 ? ASSUMED.inImages : ASSUMED.inSequences;
  return shape.map((length, axis) => length ?? (axis === 0 ? ASSUMED.first : other));
}

function scopeOf(inputs: readonly Value[], facts: Facts): string {
  return inputs
    .map(
      (value) =>
        `${value.name}: ${
          facts
            .shape(value)
            ?.map((length) => length ?? '?')
            .join('x') ?? t('any shape')
        }`,
    )
    .join(', ');
}

function notesOf(
  all: readonly Value[],
  inputs: readonly Value[],
  isAssumed: boolean,
  leftOut: number,
): string[] {
  const others = all.filter((value) => !inputs.includes(value));
  return [
    ...(others.length > 0
      ? [
          t(
            'The inputs that are not of floating point are held fixed: the bounds hold for every value of them.',
          ),
        ]
      : []),
    ...(isAssumed
      ? [
          t(
            'The file leaves sizes of the inputs open: the bounds hold for the shapes that are given with them.',
          ),
        ]
      : []),
    ...(leftOut > 0
      ? [t`There are ${leftOut} more bounds, none of them larger than those that are given in its norm.`]
      : []),
  ];
}
