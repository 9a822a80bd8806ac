// A process that runs one peer; killed where a task takes too long, and started anew for the next.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pythonOfPeers } from './environment.mjs';

/** Seconds that a method may take for one layer. */
export const CAP = 60;

export class Peer {
  #child = null;
  #lines = null;
  versions = null;

  constructor(method) {
    this.method = method;
  }

  /** @returns {Promise<{seconds: number, cpu: number, value: number | null} | null>} null where it was killed */
  async measure(task) {
    if (this.#child === null) await this.#start();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.stop();
    }, 1000 * CAP);
    this.#child.stdin.write(`${JSON.stringify(task)}\n`);
    const { value } = await this.#lines.next();
    clearTimeout(timer);
    if (value !== undefined) return JSON.parse(value);
    this.stop();
    if (!late) throw new Error(`${this.method} ended on ${task.layer}`);
    return null;
  }

  async #start() {
    this.#child = spawn(pythonOfPeers(), [join(import.meta.dirname, 'peers.py'), this.method], {
      stdio: ['pipe', 'pipe', 'inherit'],
      // Threads that wait by spinning make it many times slower where anything else runs.
      env: { ...process.env, OMP_WAIT_POLICY: 'PASSIVE' },
    });
    await once(this.#child, 'spawn');
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
    const { value } = await this.#lines.next();
    if (value === undefined) throw new Error(`${this.method} did not start`);
    ({ versions: this.versions } = JSON.parse(value));
  }

  stop() {
    this.#child?.kill('SIGKILL');
    this.#child = null;
  }
}
