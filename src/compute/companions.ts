/** Processes beside this one that compute for it: plain loops and small products, which one process does on one core only. */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { t } from '@vscode/l10n';

/** Each takes some 80 MB, and a copy of what it works on. */
const MOST_COMPANIONS = 4;

/** A companion ended, or failed at what it was asked. */
export class CompanionError extends Error {
  override readonly name = 'CompanionError';
}

type Answer = { readonly ok: unknown } | { readonly error: string };

interface Pending {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: CompanionError) => void;
}

interface Companion {
  readonly child: ChildProcess;
  readonly pending: Pending[];
  /** Why it cannot be asked any more. */
  end: CompanionError | null;
}

/**
 * Processes with one program, as many as there are cores, each started when it is first asked, or before, and ended with this process. They are
 * processes and not threads, as ONNX Runtime is not safe in the threads of Electron, and a crash stays theirs.
 */
export class Companions {
  private readonly started: (Companion | undefined)[] = [];

  /** @param program the path of a script that calls `answerAsCompanion` */
  constructor(
    private readonly program: string,
    readonly count: number = Math.min(MOST_COMPANIONS, availableParallelism()),
  ) {}

  /** Starts those that have not been, so that who asks first need not wait for it. */
  prepare(): void {
    for (let place = 0; place < this.count; place++) this.started[place] ??= start(this.program);
  }

  /**
   * What the companion at a place below `count` answers to a message; it answers in the order in which it is asked.
   * @throws CompanionError
   */
  ask(place: number, message: object): Promise<unknown> {
    const companion = (this.started[place] ??= start(this.program));
    return new Promise((resolve, reject) => {
      if (companion.end) return reject(companion.end);
      companion.pending.push({ resolve, reject });
      // This process may end while nobody waits for an answer.
      companion.child.ref();
      companion.child.channel?.ref();
      companion.child.send(message, (error) => {
        if (error) fail(companion, error.message);
      });
    });
  }
}

function start(program: string): Companion {
  const child = fork(program, [], {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const companion: Companion = { child, pending: [], end: null };
  child.on('message', (message) => {
    const answer = message as Answer;
    const waiting = companion.pending.shift();
    if (companion.pending.length === 0) rest(child);
    if ('ok' in answer) waiting?.resolve(answer.ok);
    else waiting?.reject(new CompanionError(answer.error));
  });
  child.on('error', (error) => fail(companion, error.message));
  child.on('exit', (code, signal) => fail(companion, signal ?? t`exit code ${String(code)}`));
  rest(child);
  return companion;
}

function rest(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
}

function fail(companion: Companion, reason: string): void {
  companion.end ??= new CompanionError(reason);
  for (const { reject } of companion.pending.splice(0)) reject(companion.end);
}

/** Makes this process a companion: it answers one message after the other until the process that started it is gone. */
export function answerAsCompanion(answer: (message: unknown) => Promise<unknown>): void {
  let last = Promise.resolve();
  process.on('disconnect', () => process.exit());
  process.on('message', (message) => {
    last = last.then(async () => {
      let reply: Answer;
      try {
        reply = { ok: await answer(message) };
      } catch (error) {
        reply = { error: error instanceof Error ? error.message : String(error) };
      }
      process.send?.(reply);
    });
  });
}
