/** Attributes of an operation by the kind that its operator gives them. */
import { t } from '@vscode/l10n';
import { quote } from '../quote';
import type { Attribute } from './graph';
import type { Operation } from './program';

/** An operation that is not what its operator demands. `message` is one clause, for a reader of the report. */
export class Unfit extends Error {
  constructor(
    message: string,
    /** Name of the weight that it is about. */
    readonly weight: string | null = null,
  ) {
    super(message);
  }
}

type ValuesByKind = { [A in Exclude<Attribute, { readonly kind: 'other' }> as A['kind']]: A['value'] };

/** @throws Unfit where the attribute is there and of another kind. */
function attribute<K extends keyof ValuesByKind>(
  operation: Operation,
  name: string,
  kind: K,
): ValuesByKind[K] | null {
  const found = operation.attributes.get(name);
  if (found === undefined) return null;
  if (found.kind !== kind) throw new Unfit(t`its attribute ${quote(name)} is of the wrong kind`);
  return found.value as ValuesByKind[K];
}

/** @throws Unfit where it is no safe integer. */
export function intAttribute<T extends number | null>(
  operation: Operation,
  name: string,
  absent: T,
): number | T {
  const value = attribute(operation, name, 'int');
  if (value === null) return absent;
  if (!Number.isSafeInteger(value)) throw new Unfit(t`its attribute ${quote(name)} is out of range`);
  return value;
}

/** The integer as yes or no. */
export function flagAttribute(operation: Operation, name: string): boolean {
  return intAttribute(operation, name, 0) !== 0;
}

/** Beyond 2^53 the nearest numbers: 2^63 - 1 stands for "to the end" in some lists. */
export function intsAttribute(operation: Operation, name: string): readonly number[] | null {
  return attribute(operation, name, 'ints');
}

export function floatAttribute(operation: Operation, name: string, absent: number): number {
  return attribute(operation, name, 'float') ?? absent;
}

export function floatsAttribute(operation: Operation, name: string): readonly number[] | null {
  return attribute(operation, name, 'floats');
}

export function stringAttribute(operation: Operation, name: string, absent: string): string {
  return attribute(operation, name, 'string') ?? absent;
}
