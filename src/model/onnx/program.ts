/**
 * An ONNX file without scopes: one list of operations over the values they make and take. The bodies of If, Loop and
 * Scan are part of the list, and every call of a local function is replaced by that function's nodes.
 */
import { t } from '@vscode/l10n';
import { CyclicGraphError, LimitExceededError, MalformedFileError } from '../errors';
import type { Tensor } from '../model';
import { quote } from '../quote';
import type { Attribute, Graph, LocalFunction, Node, OnnxFile, ValueInfo } from './graph';

/** Where a value comes from. */
export type Source =
  | { readonly kind: 'operation'; readonly operation: Operation; readonly index: number }
  | { readonly kind: 'initializer'; readonly tensor: Tensor }
  | { readonly kind: 'sparse' }
  /** An input of the network. */
  | { readonly kind: 'input' }
  /** An input of a body that is run by Loop, Scan or the like: another value at every step. */
  | { readonly kind: 'parameter' }
  /** The file uses the name and defines it nowhere. */
  | { readonly kind: 'undefined' };

export interface Value {
  readonly name: string;
  readonly source: Source;
  /** What the file declares about it. */
  readonly info: ValueInfo | null;
  /** Operations that compute with it, each once. */
  readonly users: readonly Operation[];
}

export interface Operation {
  /** The node's name, else its first output's, behind the path of the bodies that it is in. */
  readonly label: string;
  readonly opType: string;
  /** '' is ai.onnx. */
  readonly domain: string;
  /** Version of the domain's operators; 0 where the file does not say. */
  readonly opset: number;
  /** Null: an optional input that is absent. */
  readonly inputs: readonly (Value | null)[];
  /** Null: an output that nothing can use. */
  readonly outputs: readonly (Value | null)[];
  /** Without references: inside functions these are the caller's. */
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly bodies: readonly Body[];
  /** A local function: its outputs are those of its one body. */
  readonly isCall: boolean;
}

export interface Body {
  /** The inputs of a body that is run by Loop, Scan or the like. */
  readonly parameters: readonly Value[];
  readonly outputs: readonly (Value | null)[];
}

export interface Program {
  /** Inputs of the network, in file order. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly (Value | null)[];
  /** In file order; a body's operations follow the one that owns it. */
  readonly operations: readonly Operation[];
  /** The same operations, each after those that make its inputs and its bodies' outputs. */
  readonly ordered: readonly Operation[];
  readonly initializers: readonly Value[];
  readonly sparse: readonly Value[];
}

/** Nodes that all calls of local functions may add: some hundred bytes each, and functions of functions multiply. */
const maximumInlinedNodes = 200_000;
/** Bodies and functions inside each other: each level is a level of recursion here. */
const maximumDepth = 100;

type Attributes = ReadonlyMap<string, Attribute>;
type MutableOperation = { -readonly [K in keyof Operation]: Operation[K] };
type MutableValue = Omit<Value, 'users'> & { readonly users: Operation[] };

/** @throws CyclicGraphError, LimitExceededError, MalformedFileError (a name that is defined twice) */
export function flatten(file: OnnxFile): Program {
  return new Flattener(file).run();
}

class Flattener {
  private readonly operations: Operation[] = [];
  private readonly initializers: Value[] = [];
  private readonly sparse: Value[] = [];
  private readonly functions = new Map<string, LocalFunction>();
  private readonly calls = new Set<LocalFunction>();
  private inlinedNodes = 0;

  constructor(private readonly file: OnnxFile) {
    for (const definition of file.functions) {
      const key = functionKey(definition.domain, definition.name, definition.overload);
      if (this.functions.has(key)) {
        throw new MalformedFileError(file.path, t`the function ${quote(definition.name)} is defined twice`);
      }
      this.functions.set(key, definition);
    }
  }

  run(): Program {
    const { parameters: inputs, outputs } = this.addGraph(this.file.graph, null, '');
    for (const operation of this.operations) {
      if (operation.isCall) continue;
      for (const value of new Set(operation.inputs)) (value as MutableValue | null)?.users.push(operation);
    }
    return {
      inputs,
      outputs,
      operations: this.operations,
      ordered: inOrder(this.operations, this.file.path),
      initializers: this.initializers,
      sparse: this.sparse,
    };
  }

  /** @param parent the names around a body; null: the graph is the network itself. */
  private addGraph(graph: Graph, parent: Scope | null, prefix: string): Body {
    const scope = new Scope(parent, this.file.path);
    const info = new Map(graph.valueInfo);
    for (const output of graph.outputs) info.set(output.name, output);
    for (const [name, tensor] of graph.initializers) {
      const value = newValue(name, { kind: 'initializer', tensor }, null);
      scope.define(value);
      this.initializers.push(value);
    }
    for (const name of graph.sparseInitializers) {
      const value = newValue(name, { kind: 'sparse' }, null);
      scope.define(value);
      this.sparse.push(value);
    }
    const parameters: Value[] = [];
    for (const input of graph.inputs) {
      // Up to IR version 3 every initializer is listed among the inputs too.
      if (scope.has(input.name)) continue;
      const value = newValue(input.name, { kind: parent === null ? 'input' : 'parameter' }, input);
      scope.define(value);
      parameters.push(value);
    }
    this.addNodes(graph.nodes, scope, prefix, info);
    return { parameters, outputs: graph.outputs.map((output) => scope.find(output.name)) };
  }

  private addNodes(
    nodes: readonly Node[],
    scope: Scope,
    prefix: string,
    info: ReadonlyMap<string, ValueInfo>,
  ): void {
    if (scope.depth > maximumDepth) {
      throw new LimitExceededError(
        this.file.path,
        t`the nodes of ${quote(prefix)} are inside more than ${maximumDepth} others`,
      );
    }
    if (this.calls.size > 0) {
      this.inlinedNodes += nodes.length;
      if (this.inlinedNodes > maximumInlinedNodes) {
        throw new LimitExceededError(
          this.file.path,
          t`the calls of its functions amount to more than ${maximumInlinedNodes} nodes`,
        );
      }
    }
    // All outputs before all inputs: old exporters do not always write a node after those that it depends on.
    const started = nodes.map((node) => {
      const operation = this.start(node, prefix, scope);
      operation.outputs = node.outputs.map((name, index) => {
        if (name === '') return null;
        const value = newValue(name, { kind: 'operation', operation, index }, info.get(name) ?? null);
        scope.define(value);
        return value;
      });
      return operation;
    });
    nodes.forEach((node, i) => {
      const operation = started[i];
      this.operations.push(operation);
      operation.inputs = node.inputs.map((name) => scope.find(name));
      operation.bodies = this.bodiesOf(node, operation, scope);
      operation.isCall = this.functionOf(node) !== undefined;
    });
  }

  private start(node: Node, prefix: string, { attributes, opsets }: Scope): MutableOperation {
    const { domain } = node;
    return {
      label: prefix + (node.name || node.outputs.find((name) => name !== '') || node.opType),
      opType: node.opType,
      domain,
      opset: opsets.get(domain) ?? this.file.opsets.get(domain) ?? 0,
      inputs: [],
      outputs: [],
      attributes: withoutReferences(node.attributes, attributes),
      bodies: [],
      isCall: false,
    };
  }

  private bodiesOf(node: Node, operation: Operation, scope: Scope): Body[] {
    const definition = this.functionOf(node);
    if (definition !== undefined) return [this.inline(definition, operation, scope)];
    const bodies: Body[] = [];
    for (const [name, attribute] of operation.attributes) {
      const graphs =
        attribute.kind === 'graph' ? [attribute.value] : attribute.kind === 'graphs' ? attribute.value : [];
      graphs.forEach((graph, i) => {
        const path = graphs.length > 1 ? `${name}_${i}` : name;
        bodies.push(this.addGraph(graph, scope, `${operation.label}/${path}/`));
      });
    }
    return bodies;
  }

  private functionOf(node: Node): LocalFunction | undefined {
    return this.functions.get(functionKey(node.domain, node.opType, node.overload));
  }

  private inline(definition: LocalFunction, call: Operation, scope: Scope): Body {
    if (this.calls.has(definition)) {
      throw new CyclicGraphError(this.file.path, t`the function ${quote(definition.name)} calls itself`);
    }
    this.calls.add(definition);
    const attributes = new Map([...definition.attributes, ...call.attributes]);
    const inner = new Scope(null, this.file.path, scope.depth + 1, attributes, definition.opsets);
    definition.inputs.forEach((name, i) => inner.bind(name, call.inputs[i] ?? null));
    this.addNodes(definition.nodes, inner, `${call.label}/`, new Map());
    this.calls.delete(definition);
    return { parameters: [], outputs: definition.outputs.map((name) => inner.find(name)) };
  }
}

/** Names of one graph or function, and around a graph those of the scopes it is written in. */
class Scope {
  private readonly values = new Map<string, Value | null>();

  constructor(
    private readonly parent: Scope | null,
    private readonly path: string,
    readonly depth: number = parent === null ? 0 : parent.depth + 1,
    /** Attributes of the function call that this is inside of; bodies see those of the function around them. */
    readonly attributes: Attributes = parent === null ? new Map() : parent.attributes,
    /** Versions of the function around it, by domain; the file's where it names none. */
    readonly opsets: ReadonlyMap<string, number> = parent === null ? new Map() : parent.opsets,
  ) {}

  has(name: string): boolean {
    return this.values.has(name);
  }

  define(value: Value): void {
    if (this.values.has(value.name)) {
      throw new MalformedFileError(this.path, t`the value ${quote(value.name)} is defined twice`);
    }
    this.values.set(value.name, value);
  }

  /** Another name for a value of the caller; null: the caller gives none. */
  bind(name: string, value: Value | null): void {
    this.values.set(name, value);
  }

  find(name: string): Value | null {
    if (name === '') return null;
    const found = this.lookUp(name);
    if (found !== undefined) return found;
    const missing = newValue(name, { kind: 'undefined' }, null);
    this.values.set(name, missing);
    return missing;
  }

  /** Undefined where neither the scope nor those around it have the name. */
  private lookUp(name: string): Value | null | undefined {
    return this.values.has(name) ? this.values.get(name) : this.parent?.lookUp(name);
  }
}

function newValue(name: string, source: Source, info: ValueInfo | null): MutableValue {
  return { name, source, info, users: [] };
}

function functionKey(domain: string, name: string, overload: string): string {
  return JSON.stringify([domain, name, overload]);
}

function withoutReferences(attributes: Attributes, caller: Attributes): Attributes {
  const resolved = new Map<string, Attribute>();
  for (const [name, attribute] of attributes) {
    const actual = attribute.kind === 'reference' ? caller.get(attribute.value) : attribute;
    if (actual !== undefined && actual.kind !== 'reference') resolved.set(name, actual);
  }
  return resolved;
}

/** Depth-first, without recursion: a chain may be as long as the file. */
function inOrder(operations: readonly Operation[], path: string): Operation[] {
  const ordered: Operation[] = [];
  const state = new Map<Operation, 'started' | 'done'>();
  for (const start of operations) {
    if (state.has(start)) continue;
    const stack = [{ operation: start, pending: dependenciesOf(start) }];
    state.set(start, 'started');
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.pending.pop();
      if (next === undefined) {
        state.set(top.operation, 'done');
        ordered.push(top.operation);
        stack.pop();
      } else if (!state.has(next)) {
        state.set(next, 'started');
        stack.push({ operation: next, pending: dependenciesOf(next) });
      } else if (state.get(next) === 'started') {
        throw new CyclicGraphError(path, t`the node ${quote(next.label)} depends on its own output`);
      }
    }
  }
  return ordered;
}

function dependenciesOf(operation: Operation): Operation[] {
  const values = [...operation.inputs, ...operation.bodies.flatMap((body) => body.outputs)];
  const dependencies: Operation[] = [];
  for (const value of values) {
    if (value?.source.kind === 'operation') dependencies.push(value.source.operation);
  }
  return dependencies;
}

/** `Conv`, or with its domain `com.microsoft:FusedConv` where that is not ai.onnx. */
export function operatorOf(operation: Operation): string {
  return operation.domain === '' ? operation.opType : `${operation.domain}:${operation.opType}`;
}
