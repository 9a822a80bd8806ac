import { t } from '@vscode/l10n';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { hasId } from './protocol';
import type { MessageToClient, MethodName, Methods, RemoteError } from './protocol';

export interface WorkerOptions {
  /** The worker's program, `worker.js`. */
  readonly workerPath: string;
  /** Kills the worker at once. */
  readonly signal?: AbortSignal | undefined;
}

export type Outcome<M extends MethodName> =
  | { readonly kind: 'ok'; readonly result: Methods[M]['result'] }
  | { readonly kind: 'error'; readonly error: RemoteError }
  /** The process ended without an answer; `death` says how: `signal SIGSEGV`, `exit code 70 (RangeError: ..)`. */
  | { readonly kind: 'crash'; readonly death: string }
  /** By the signal, or because somebody told the process to stop. */
  | { readonly kind: 'cancelled' };

/** What is kept of the end of stderr, characters: enough for a report of V8 on exhausted memory. */
const STDERR_KEPT = 16_384;
const LONGEST_REASON = 200;
/** How the line begins in which Node, V8, C++, the C library or ONNX Runtime says why it gives up. */
const REASON = /^(?:\w*Error\b|FATAL ERROR|terminate called|\w+\(\): )|\[F:onnxruntime/;
/** What ONNX Runtime also says of providers that are not there; the last one may be the reason. */
const COMPLAINT = /\[E:onnxruntime(?!.*provider_bridge)/;
/** Escape sequences that colour a terminal. */
// eslint-disable-next-line no-control-regex
const COLOURS = /\u001b\[[\d;]*m/g;
/** Exit code of a Windows process that was ended by Ctrl-C. */
const CONTROL_C_EXIT = 0xc000013a;

/**
 * Asks a process of its own, which ends with the call. Nothing stays pending, however the process ends; rejects only
 * with what `onEvent` throws, or where no process can be started at all.
 */
export function callWorker<M extends MethodName>(
  method: M,
  request: Methods[M]['request'],
  onEvent: (event: Methods[M]['event']) => void,
  { workerPath, signal }: WorkerOptions,
): Promise<Outcome<M>> {
  if (signal?.aborted) return Promise.resolve({ kind: 'cancelled' });
  return new Promise((resolve, reject) => {
    const id = 1;
    let settled = false;
    let stderr = '';
    const child = start(workerPath);
    const end = () => {
      settled = true;
      signal?.removeEventListener('abort', cancel);
      child.kill('SIGKILL');
    };
    const settle = (outcome: Outcome<M>) => {
      if (settled) return;
      end();
      resolve(outcome);
    };
    const cancel = () => settle({ kind: 'cancelled' });
    signal?.addEventListener('abort', cancel);

    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_KEPT);
    });
    child.on('message', (received) => {
      // Own program, own protocol: the id is checked because a mistake there would be silent.
      const message = received as MessageToClient;
      if (settled || !hasId(message) || message.id !== id) return;
      if ('ok' in message) return settle({ kind: 'ok', result: message.ok as Methods[M]['result'] });
      if ('error' in message) return settle({ kind: 'error', error: message.error });
      try {
        onEvent(message);
      } catch (error) {
        end();
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
    child.on('error', (error) => settle({ kind: 'crash', death: error.message }));
    // Not `exit`: rows and words of the process may still be under way then.
    child.on('close', (code, killer) => {
      const stopped = killer === 'SIGINT' || killer === 'SIGTERM' || code === CONTROL_C_EXIT;
      settle(stopped ? { kind: 'cancelled' } : { kind: 'crash', death: describeDeath(code, killer, stderr) });
    });
    child.send({ id, method, request }, (error) => {
      // The process did not live to read it; `close` tells why.
      if (error) child.kill('SIGKILL');
    });
  });
}

function start(workerPath: string): ChildProcess {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    // CUDA would multiply float32 matrices in TF32, with 10 bits, where certified bounds need 24.
    NVIDIA_TF32_OVERRIDE: '0',
    // Where the client runs in Electron, so does the child: as Node.
    ELECTRON_RUN_AS_NODE: '1',
  };
  // What is meant for the client's process alone: heap limits, loaders, the debugger.
  delete env.NODE_OPTIONS;
  delete env.VSCODE_INSPECTOR_OPTIONS;
  return fork(workerPath, [], {
    env,
    execArgv: [],
    serialization: 'advanced',
    // stdout has no reader: what a native library might print there would mix with the client's own.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

function describeDeath(code: number | null, signal: NodeJS.Signals | null, stderr: string): string {
  const how = signal ? t`signal ${signal}` : t`exit code ${String(code)}`;
  // Who kills a process from outside does not tell it why.
  if (signal === 'SIGKILL') return how;
  const lines = stderr.replace(COLOURS, '').split(/\r?\n/);
  const reason = lines.find((line) => REASON.test(line)) ?? lines.findLast((line) => COMPLAINT.test(line));
  return reason ? `${how} (${reason.trim().slice(0, LONGEST_REASON)})` : how;
}
