/** ONNX Runtime, loaded when first needed, and its sessions. */
import { t } from '@vscode/l10n';
import type * as OnnxRuntime from 'onnxruntime-node';
import type { InferenceSession } from 'onnxruntime-node';
import { encodeProgram, type Precision, type Program } from './program';

/** Providers in the order in which `auto` tries them. */
export const PROVIDERS = ['cuda', 'dml', 'coreml', 'webgpu', 'cpu'] as const;
export type Provider = (typeof PROVIDERS)[number];

/** ONNX Runtime itself cannot be loaded: nothing can be computed. */
export class RuntimeUnavailableError extends Error {
  constructor(cause: unknown) {
    super(
      t`ONNX Runtime cannot be loaded on ${process.platform} ${process.arch}: ${firstLine(cause)}; reinstall the package onnxruntime-node for this platform`,
      { cause },
    );
    this.name = 'RuntimeUnavailableError';
  }
}

/** An execution provider failed while it computed. */
export class ProviderError extends Error {
  constructor(
    readonly provider: Provider,
    cause: unknown,
  ) {
    super(firstLine(cause), { cause });
    this.name = 'ProviderError';
  }
}

/** The first line of what went wrong, without the place in the runtime's own source that it begins with. */
export function firstLine(error: unknown): string {
  const [line] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
  return line
    .replace(/^\/\S*onnxruntime\S*\/.* was false\. /, '')
    .replace(/^OrtSessionOptions\w+: /, '')
    .trim();
}

let runtime: Promise<typeof OnnxRuntime> | undefined;

export function loadRuntime(): Promise<typeof OnnxRuntime> {
  runtime ??= import('onnxruntime-node').catch((error: unknown) => {
    throw new RuntimeUnavailableError(error);
  });
  return runtime;
}

/** Names of the providers that the installed ONNX Runtime has been built with. */
export async function builtProviders(): Promise<Set<string>> {
  const { listSupportedBackends } = await loadRuntime();
  return new Set(listSupportedBackends().map(({ name }) => name));
}

export interface Operand {
  readonly values: Float32Array | Float64Array;
  readonly shape: readonly number[];
}

/** Sessions of one provider, one for each program and precision, made when first used and kept. */
export class Sessions {
  private readonly sessions = new Map<string, Promise<InferenceSession>>();

  /** @param cores that a product may be spread over; all where absent */
  constructor(
    readonly provider: Provider,
    private readonly cores?: number,
  ) {}

  /**
   * Runs a program; answers the values of its outputs by name.
   * @param into arrays that outputs are written to; new ones where absent
   * @throws ProviderError
   */
  async run(
    program: Program,
    precision: Precision,
    operands: Readonly<Record<string, Operand>>,
    into: Readonly<Record<string, Operand>> = {},
  ): Promise<Record<string, Float32Array | Float64Array>> {
    const { Tensor } = await loadRuntime();
    try {
      const session = await this.session(program, precision);
      const tensors = (named: Readonly<Record<string, Operand>>) =>
        Object.fromEntries(
          Object.entries(named).map(([name, { values, shape }]) => [
            name,
            new Tensor(precision, values as Float32Array, shape),
          ]),
        );
      const fetches = Object.fromEntries(Object.keys(program.outputs).map((name) => [name, null]));
      const outputs = await session.run(tensors(operands), { ...fetches, ...tensors(into) });
      return Object.fromEntries(
        Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array | Float64Array]),
      );
    } catch (error) {
      throw new ProviderError(this.provider, error);
    }
  }

  private async session(program: Program, precision: Precision): Promise<InferenceSession> {
    const key = `${program.name} ${precision}`;
    const existing = this.sessions.get(key);
    if (existing) return existing;
    const { InferenceSession } = await loadRuntime();
    const created = InferenceSession.create(encodeProgram(program, precision), {
      executionProviders: [this.provider],
      ...(this.cores === undefined ? {} : { intraOpNumThreads: this.cores }),
      // An arena keeps the memory of the largest layer for ever; the system's allocator gives it back.
      enableCpuMemArena: false,
      enableMemPattern: false,
      // Warnings are about the provider's own fallbacks and would mix with the report.
      logSeverityLevel: 3,
    });
    this.sessions.set(key, created);
    return created;
  }
}
