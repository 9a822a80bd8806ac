/** What a client and the worker's process say to each other. Every message carries the id of its request. */
import type { AnalysisRequest, Plan } from '../analysis/analyze';
import type { SpectrumRequest } from '../analysis/analyze-spectrum';
import type { ComparisonPlan, ComparisonRequest } from '../analysis/compare/compare';
import type { NetworkRequest, Slopes, SlopesRequest } from '../analysis/network';
import type { PairReport } from '../report/comparison/comparison';
import type { DeviceCheck, LayerReport, NetworkReport, SpectrumReport } from '../report/report';

/** The methods of the worker: what each is given and what it answers. */
export interface Methods {
  /** Tells of its progress by events; its rows are among them. */
  analyze: { request: AnalysisRequest; result: null; event: LayerEvent<Plan, LayerReport> };
  /** Its rows are pairs of layers. */
  compare: { request: ComparisonRequest; result: null; event: LayerEvent<ComparisonPlan, PairReport> };
  /** Of a model whose rows are known. */
  network: { request: NetworkRequest; result: NetworkReport | null; event: never };
  /** Runs the model: the process is stopped where that takes too long. */
  slopes: { request: SlopesRequest; result: Slopes; event: never };
  /** Whether the layers of a model are updates of the weights of another one. */
  isAdapter: { request: { readonly path: string }; result: boolean; event: never };
  /** Of one layer. */
  spectrum: { request: SpectrumRequest; result: SpectrumReport; event: ShareEvent };
  devices: { request: null; result: readonly DeviceCheck[]; event: never };
}

export type MethodName = keyof Methods;

export type RequestMessage = {
  [M in MethodName]: { readonly id: number; readonly method: M; readonly request: Methods[M]['request'] };
}[MethodName];

/** Progress of work through the layers of a plan. */
export type LayerEvent<P extends { readonly layers: readonly unknown[] }, R> =
  /** Items of a list of the plan that follows. Long lists come in parts, for a long message holds its reader up. */
  | { readonly event: 'planPart'; readonly list: string; readonly items: readonly unknown[] }
  /** The plan, with the last items of its lists. */
  | { readonly event: 'plan'; readonly plan: P }
  | { readonly event: 'start'; readonly index: number }
  /** A row that another one of the same layer will follow. */
  | { readonly event: 'preliminary'; readonly index: number; readonly row: R }
  | { readonly event: 'row'; readonly index: number; readonly row: R };

/** How much is done, from 0 to 1. */
export interface ShareEvent {
  readonly event: 'share';
  readonly share: number;
}

export type EventMessage = Methods[MethodName]['event'] & { readonly id: number };

/** An error that crossed the border between the processes. */
export interface RemoteError {
  /** Name of its class. */
  readonly name: string;
  readonly message: string;
  /** The file is at fault (a `ModelError`), not the program. */
  readonly refusal: boolean;
}

export type ResponseMessage<M extends MethodName = MethodName> = { readonly id: number } & (
  { readonly ok: Methods[M]['result'] } | { readonly error: RemoteError }
);

export type MessageToClient = EventMessage | ResponseMessage;

export function isRequest(message: unknown): message is RequestMessage {
  if (!hasId(message) || !('method' in message) || !('request' in message)) return false;
  const { method, request } = message;
  return (
    (method === 'devices' && request === null) ||
    (['analyze', 'compare', 'network', 'slopes', 'isAdapter', 'spectrum'].includes(String(method)) &&
      typeof request === 'object' &&
      request !== null)
  );
}

export function hasId(message: unknown): message is { readonly id: number } {
  return typeof message === 'object' && message !== null && 'id' in message && typeof message.id === 'number';
}
