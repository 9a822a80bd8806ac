/** Opening an ONNX file: its structure as plain data, its tensors lazy. */
import { t } from '@vscode/l10n';
import {
  AttributeType,
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../../schema/onnx';
import { describeContent } from '../content';
import {
  InvalidTensorError,
  LimitExceededError,
  MalformedFileError,
  ModelError,
  UnknownFormatError,
} from '../errors';
import { RangeFile, refuseGitLfsPointer, resolveInside, totalBytes } from '../file';
import type { Tensor } from '../model';
import { quote } from '../quote';
import type { Attribute, Graph, LocalFunction, Node, OnnxFile, ValueInfo } from './graph';
import { readSkeleton } from './skeleton';
import {
  externalReference,
  isExternal,
  storedTensor,
  type ExternalFile,
  type Storage,
} from './stored-tensor';

/** Files with external data. Exporters that write one for each tensor make some thousands. */
const largestExternalCount = 20_000;

/**
 * Reads the structure of an ONNX file (IR version 3 and later; earlier ones as far as they are alike). Memory and time
 * depend on the number of its nodes, not on its weights.
 *
 * A tensor whose shape is none, or that claims other amounts of data than there are, makes the whole file fail. Any
 * other defect of a tensor shows when it is read.
 * @throws ModelError
 */
export async function readOnnx(path: string): Promise<OnnxFile> {
  const file = await RangeFile.open(path);
  try {
    await refuseGitLfsPointer(file);
    const model = await readModel(file);
    const external = await openExternalFiles(file, model);
    const data = new Map([...external.values()].map((entry) => [entry.path, entry]));
    const files = [file, ...data.values()].map(({ path, size, modified }) => ({
      path,
      bytes: size,
      modified,
    }));
    return {
      path,
      bytes: totalBytes(files),
      files,
      irVersion: model.irVersion ?? 0,
      opsets: opsetsOf(model),
      ...new Conversion({ file, external }).model(model),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

type CompleteModel = ModelProto & { graph: GraphProto };

async function readModel(file: RangeFile): Promise<CompleteModel> {
  try {
    const { graph, ...rest } = await readSkeleton(file);
    if (graph !== undefined) return { ...rest, graph };
    throw new MalformedFileError(file.path, t('it has no graph'));
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const content = await describeContent(file);
    if (content === null) throw error;
    throw new UnknownFormatError(file.path, t`it is no ONNX model but ${content}`, { cause: error });
  }
}

/** Versions by domain. A file of IR version 1 or 2 names none and means the first. */
function opsetsOf({ irVersion = 0, opsetImport = [] }: ModelProto): Map<string, number> {
  const opsets = versionsOf(opsetImport);
  if (opsets.size === 0 && irVersion < 3) opsets.set('', 1);
  return opsets;
}

function versionsOf(opsetImport: ModelProto['opsetImport'] = []): Map<string, number> {
  return new Map(opsetImport.map(({ domain, version = 0 }) => [domainOf(domain), version]));
}

function domainOf(domain = ''): string {
  return domain === 'ai.onnx' ? '' : domain;
}

/** Every file that a tensor refers to, by the location that the tensor gives. */
async function openExternalFiles(file: RangeFile, model: CompleteModel): Promise<Map<string, ExternalFile>> {
  const files = new Map<string, ExternalFile>();
  for (const tensor of tensorsOf(model)) {
    if (!isExternal(tensor)) continue;
    const { location } = externalReference(
      tensor,
      (what) => new InvalidTensorError(file.path, what(t`tensor ${quote(tensor.name ?? '')}`)),
    );
    if (files.has(location)) continue;
    if (files.size === largestExternalCount) {
      throw new LimitExceededError(file.path, t`its tensors are in more than ${largestExternalCount} files`);
    }
    const data = await RangeFile.open(await resolveInside(file.path, location));
    try {
      await refuseGitLfsPointer(data);
      files.set(location, { path: data.path, size: data.size, modified: data.modified });
    } finally {
      await data.close();
    }
  }
  return files;
}

/** All tensors that have a value of their own: initializers and attributes, in nested graphs and functions too. */
function* tensorsOf({ graph, functions = [] }: CompleteModel): Generator<TensorProto> {
  yield* tensorsOfGraph(graph);
  for (const { node, attributeProto } of functions) {
    yield* tensorsOfAttributes(attributeProto ?? []);
    yield* tensorsOfNodes(node ?? []);
  }
}

function* tensorsOfGraph({ initializer, node }: GraphProto): Generator<TensorProto> {
  yield* initializer ?? [];
  yield* tensorsOfNodes(node ?? []);
}

function* tensorsOfNodes(nodes: readonly NodeProto[]): Generator<TensorProto> {
  for (const { attribute } of nodes) yield* tensorsOfAttributes(attribute ?? []);
}

function* tensorsOfAttributes(attributes: readonly AttributeProto[]): Generator<TensorProto> {
  for (const { t, tensors, g, graphs } of attributes) {
    if (t !== undefined) yield t;
    yield* tensors ?? [];
    if (g !== undefined) yield* tensorsOfGraph(g);
    for (const graph of graphs ?? []) yield* tensorsOfGraph(graph);
  }
}

/** One for all the nodes that have none: most of them, in some graphs. */
const noAttributes: ReadonlyMap<string, Attribute> = new Map();

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** From messages to the vocabulary of `graph.ts`. */
class Conversion {
  constructor(private readonly storage: Storage) {}

  model({ graph, functions = [] }: CompleteModel): Pick<OnnxFile, 'graph' | 'functions'> {
    return { graph: this.graph(graph), functions: functions.map((proto) => this.localFunction(proto)) };
  }

  private graph(proto: GraphProto): Graph {
    const valueInfo = (proto.valueInfo ?? []).map(convertValueInfo);
    return {
      name: proto.name ?? '',
      nodes: (proto.node ?? []).map((node) => this.node(node)),
      initializers: this.initializers(proto.initializer ?? []),
      sparseInitializers: (proto.sparseInitializer ?? []).map(({ values }) => values?.name ?? ''),
      inputs: (proto.input ?? []).map(convertValueInfo),
      outputs: (proto.output ?? []).map(convertValueInfo),
      valueInfo: new Map(valueInfo.map((info) => [info.name, info])),
    };
  }

  private initializers(protos: readonly TensorProto[]): Map<string, Tensor> {
    const tensors = new Map<string, Tensor>();
    for (const proto of protos) {
      const { name = '' } = proto;
      const label = () => t`tensor ${quote(name)}`;
      const tensor = storedTensor(proto, name, label, this.storage);
      tensors.set(name, tensors.has(name) ? this.ambiguous(tensor, label) : tensor);
    }
    return tensors;
  }

  /** Which of two tensors of one name is meant, nobody knows. */
  private ambiguous(tensor: Tensor, label: () => string): Tensor {
    const { path } = this.storage.file;
    return {
      ...tensor,
      key: `ambiguous ${label()} of ${path}`,
      read: () => Promise.reject(new InvalidTensorError(path, t`${label()} is in the graph more than once`)),
    };
  }

  private localFunction(proto: FunctionProto): LocalFunction {
    const name = proto.name ?? '';
    return {
      domain: domainOf(proto.domain),
      name,
      overload: proto.overload ?? '',
      inputs: proto.input ?? [],
      outputs: proto.output ?? [],
      opsets: versionsOf(proto.opsetImport),
      attributes: this.attributes(proto.attributeProto ?? [], () => t`function ${quote(name)}`, name),
      nodes: (proto.node ?? []).map((node) => this.node(node)),
    };
  }

  private node(proto: NodeProto): Node {
    const name = proto.name ?? '';
    const outputs = proto.output ?? [];
    const known = name === '' ? (outputs.at(0) ?? '') : name;
    return {
      name,
      opType: proto.opType ?? '',
      domain: domainOf(proto.domain),
      overload: proto.overload ?? '',
      inputs: proto.input ?? [],
      outputs,
      attributes: this.attributes(proto.attribute ?? [], () => t`node ${quote(known)}`, known),
    };
  }

  /** @param owner the node or function, as messages call it; `ownerName`, as tensors without a name are called. */
  private attributes(
    protos: readonly AttributeProto[],
    owner: () => string,
    ownerName: string,
  ): ReadonlyMap<string, Attribute> {
    if (protos.length === 0) return noAttributes;
    const attributes = new Map<string, Attribute>();
    for (const proto of protos) {
      const { name = '' } = proto;
      if (attributes.has(name)) {
        throw new MalformedFileError(
          this.storage.file.path,
          t`${owner()} has the attribute ${quote(name)} more than once`,
        );
      }
      const tensor = (stored: TensorProto): Tensor => {
        const tensorName =
          stored.name === undefined || stored.name === '' ? `${ownerName}.${name}` : stored.name;
        const label = () => t`the tensor in attribute ${quote(name)} of ${owner()}`;
        return storedTensor(stored, tensorName, label, this.storage);
      };
      attributes.set(name, this.attribute(proto, tensor));
    }
    return attributes;
  }

  private attribute(proto: AttributeProto, tensor: (proto: TensorProto) => Tensor): Attribute {
    if (proto.refAttrName !== undefined && proto.refAttrName !== '') {
      return { kind: 'reference', value: proto.refAttrName };
    }
    if (proto.elided === true) return { kind: 'other' };
    switch (proto.type === undefined || proto.type === 0 ? impliedType(proto) : proto.type) {
      // A number that is zero, an empty text and an empty list need not be in the file.
      case AttributeType.FLOAT:
        return { kind: 'float', value: proto.f ?? 0 };
      case AttributeType.INT:
        return { kind: 'int', value: proto.i ?? 0 };
      case AttributeType.STRING:
        return { kind: 'string', value: utf8.decode(proto.s) };
      case AttributeType.FLOATS:
        return { kind: 'floats', value: proto.floats ?? [] };
      case AttributeType.INTS:
        return { kind: 'ints', value: proto.ints ?? [] };
      case AttributeType.STRINGS:
        return { kind: 'strings', value: (proto.strings ?? []).map((text) => utf8.decode(text)) };
      case AttributeType.TENSOR:
        return proto.t === undefined ? { kind: 'other' } : { kind: 'tensor', value: tensor(proto.t) };
      case AttributeType.TENSORS:
        return { kind: 'tensors', value: (proto.tensors ?? []).map(tensor) };
      case AttributeType.GRAPH:
        return proto.g === undefined ? { kind: 'other' } : { kind: 'graph', value: this.graph(proto.g) };
      case AttributeType.GRAPHS:
        return { kind: 'graphs', value: (proto.graphs ?? []).map((graph) => this.graph(graph)) };
      default:
        return { kind: 'other' };
    }
  }
}

/** IR versions 1 and 2 have no type: it is the one of the field that is there. */
function impliedType(proto: AttributeProto): number {
  if (proto.f !== undefined) return AttributeType.FLOAT;
  if (proto.i !== undefined) return AttributeType.INT;
  if (proto.s !== undefined) return AttributeType.STRING;
  if (proto.t !== undefined) return AttributeType.TENSOR;
  if (proto.g !== undefined) return AttributeType.GRAPH;
  if (proto.floats !== undefined) return AttributeType.FLOATS;
  if (proto.ints !== undefined) return AttributeType.INTS;
  if (proto.strings !== undefined) return AttributeType.STRINGS;
  if (proto.tensors !== undefined) return AttributeType.TENSORS;
  if (proto.graphs !== undefined) return AttributeType.GRAPHS;
  return AttributeType.UNDEFINED;
}

function convertValueInfo({ name = '', type }: ValueInfoProto): ValueInfo {
  const { elemType = 0, shape } = type?.tensorType ?? {};
  return {
    name,
    elementType: elemType,
    shape:
      shape === undefined
        ? null
        : (shape.dim ?? []).map(({ dimValue, dimParam }) => {
            if (dimValue !== undefined)
              return Number.isSafeInteger(dimValue) && dimValue >= 0 ? dimValue : null;
            return dimParam === undefined || dimParam === '' ? null : dimParam;
          }),
  };
}
