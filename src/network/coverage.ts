import { t } from '@vscode/l10n';
import type { Computation } from '../model/onnx/computation';
import { operatorOf, type Operation, type Value } from '../model/onnx/program';
import { quote } from '../model/quote';
import type { NodeReport } from '../report/report';
import type { Composition } from './compose';
import type { Step } from './step';

/** What is known of every node: its constant on all inputs, else on those of the domain, else why there is none. */
export function coverageOf(
  { program, layers }: Computation,
  everywhere: Composition,
  bounded: Composition,
): NodeReport[] {
  const patterns = partsOfPatterns(program.operations, everywhere, new Set(program.outputs));
  return program.operations.map((operation): NodeReport => {
    const rows = (layers.get(operation) ?? []).map(({ layer }) => layer.name);
    const own = { name: operation.label, op: operatorOf(operation), layers: rows };
    const [all, some] = [stepsOf(operation, everywhere), stepsOf(operation, bounded)];
    if (all.length === 0) {
      return {
        ...own,
        status: 'certified',
        constant: 0,
        reason: t('does not depend on the inputs of floating point'),
      };
    }
    const missing = all.find((step) => step.missing !== null);
    if (missing === undefined) {
      return { ...own, status: 'certified', constant: largest(all), reason: reasonOf(all) };
    }
    const whole = patterns.get(operation);
    if (whole !== undefined) {
      return {
        ...own,
        status: 'certified',
        constant: null,
        reason: t`part of ${quote(whole)}, which is bounded as a whole`,
      };
    }
    if (some.every((step) => step.missing === null)) {
      return {
        ...own,
        status: 'domain',
        constant: largest(some),
        reason: `${missing.reason}; ${reasonOf(some)}`,
      };
    }
    return { ...own, status: missing.missing ?? 'unknown', constant: null, reason: missing.reason };
  });
}

/** Those of its outputs that something is computed from. */
function stepsOf({ outputs }: Operation, composition: Composition): Step[] {
  return outputs.flatMap((value) => (value === null ? [] : (composition.step(value) ?? [])));
}

function largest(steps: readonly Step[]): number | null {
  const constants = steps.flatMap(({ terms }) => terms.map(({ constant }) => constant.L2));
  const most = constants.reduce((a, b) => Math.max(a, b), 0);
  return Number.isFinite(most) ? most : null;
}

function reasonOf(steps: readonly Step[]): string {
  return [...new Set(steps.map(({ reason }) => reason))].join('; ');
}

/** Operations between the begin and the end of a pattern whose results are used in no other way, with the end's name. */
function partsOfPatterns(
  operations: readonly Operation[],
  composition: Composition,
  outputs: ReadonlySet<Value | null>,
): Map<Operation, string> {
  const parts = new Map<Operation, string>();
  for (const operation of operations) {
    for (const step of stepsOf(operation, composition)) {
      if (!step.whole || operation.isCall) continue;
      const begins = new Set(step.terms.map(({ value }) => value));
      collect(operation, (value) => begins.has(value) || outputs.has(value), operation.label, parts);
    }
  }
  return parts;
}

function collect(
  end: Operation,
  isOutside: (value: Value) => boolean,
  name: string,
  parts: Map<Operation, string>,
): void {
  const inside = new Set([end]);
  const pending = [end];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const value of next.inputs) {
      if (value === null || isOutside(value) || value.source.kind !== 'operation') continue;
      const { operation } = value.source;
      if (inside.has(operation) || !value.users.every((user) => inside.has(user))) continue;
      inside.add(operation);
      parts.set(operation, name);
      pending.push(operation);
    }
  }
}
