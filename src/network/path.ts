/** Where a bound comes from: the heaviest path to it, what stands in its way, and what its worst layers cost. */
import { operatorOf, type Operation, type Value } from '../model/onnx/program';
import type { PathStep, WhatIf } from '../report/report';
import type { Composition } from './compose';
import * as m from './magnitude';
import type { Norm } from './norms';
import type { Step } from './step';
import { perNorm } from './norms';

interface Hop {
  readonly operation: Operation;
  readonly step: Step;
  /** Decimal logarithm of what it multiplies the bound by. */
  readonly log10: number;
}

/** From an output back to an input, at every sum along the term that is the largest in L2; the first hop last. */
function hopsTo(composition: Composition, output: Value, index: number): Hop[] {
  const hops: Hop[] = [];
  let value = output;
  while (value.source.kind === 'operation') {
    const step = composition.step(value);
    const next = step === null ? null : heaviestTerm(composition, step, index);
    if (step === null || next === null) break;
    const log10 = m.log10(boundOf(composition, value, index)) - m.log10(boundOf(composition, next, index));
    hops.push({ operation: value.source.operation, step, log10 });
    value = next;
  }
  return hops;
}

function heaviestTerm(composition: Composition, { terms }: Step, index: number): Value | null {
  let [heaviest, most] = [null as Value | null, m.ZERO];
  for (const { value, constant } of terms) {
    const part = m.times(boundOf(composition, value, index), m.magnitude(constant.L2));
    if (m.isAbove(part, most)) [heaviest, most] = [value, part];
  }
  return heaviest;
}

function boundOf(composition: Composition, value: Value, index: number, norm: Norm = 'L2'): m.Magnitude {
  return composition.dependence(value).get(index)?.[norm] ?? m.ZERO;
}

/** The heaviest path in the order of computation, and its steps by what they contribute. Finite bounds only. */
export function heaviestPath(
  composition: Composition,
  output: Value,
  index: number,
): { readonly path: PathStep[]; readonly contributions: PathStep[] } {
  const path = hopsTo(composition, output, index)
    .toReversed()
    .map(({ operation, step, log10 }) => ({
      // Layers that are folded into others are part of their step.
      name: step.layers.length > 1 ? step.layers.join(' + ') : operation.label,
      op: operatorOf(operation),
      log10: Number.isFinite(log10) ? log10 : null,
    }));
  const contributions = path
    .filter(({ log10 }) => log10 !== 0)
    .toSorted((a, b) => (b.log10 ?? -Infinity) - (a.log10 ?? -Infinity));
  return { path, contributions };
}

/** How many of the worst layers are set to one. */
const WORST = [1, 2, 3, 5, 10];

/** The bound with the norms of the layers that add the most to it along its heaviest path set to one. */
export function whatIf(composition: Composition, output: Value, index: number): WhatIf[] {
  const worst = hopsTo(composition, output, index)
    .filter(({ step, log10 }) => step.layers.length > 0 && log10 > 0)
    .toSorted((a, b) => b.log10 - a.log10);
  return WORST.filter((count) => count <= worst.length).map((count) => {
    const chosen = new Set(worst.slice(0, count).map(({ step }) => step));
    const names = worst.slice(0, count).map(({ step }) => step.layers.join(' + '));
    const other = composition.replayed((step) => (chosen.has(step) ? atMostOne(step) : step));
    const bound = boundOf(other, output, index);
    const log10Upper = m.log10(bound);
    return {
      layers: names,
      upper: m.toNumber(bound),
      log10Upper: Number.isFinite(log10Upper) ? log10Upper : null,
    };
  });
}

function atMostOne(step: Step): Step {
  return {
    ...step,
    terms: step.terms.map(({ value, constant }) => ({
      value,
      constant: perNorm((norm) => Math.min(1, constant[norm])),
    })),
  };
}

/** More names help nobody. */
const MOST_LIMITS = 50;

/** The nodes that make a bound infinite: what they are given is bounded, what they make of it is not. */
export function limitsOf(composition: Composition, output: Value, index: number, norm: Norm): string[] {
  const names = new Set<string>();
  const seen = new Set<Value>([output]);
  const pending = [output];
  for (let value = pending.pop(); value !== undefined && names.size < MOST_LIMITS; value = pending.pop()) {
    if (value.source.kind !== 'operation') {
      if (value.source.kind === 'parameter') names.add(value.name);
      continue;
    }
    const { operation } = value.source;
    const step = composition.step(value);
    const given = [...operation.inputs, ...operation.bodies.flatMap((body) => body.outputs)];
    const sources = step?.whole ? step.terms.map((term) => term.value) : given;
    const unbounded = sources.filter(
      (source) => source !== null && !m.isFinite(boundOf(composition, source, index, norm)),
    );
    if (unbounded.length === 0) names.add(operation.label);
    for (const source of unbounded) {
      if (source === null || seen.has(source)) continue;
      seen.add(source);
      pending.push(source);
    }
  }
  return [...names];
}
