/** Asks for the options of one analysis, a question each; Escape at any of them gives up. */
import * as vscode from 'vscode';
import type { DeviceChoice, Method, PaddingChoice, Settings } from '../../report/report';
import {
  DEVICE_CHOICES,
  inputSizeOf,
  isIterations,
  isTolerance,
  MOST_ITERATIONS,
} from '../../report/settings';
import { inputSizeHint } from '../settings';

/** @returns null where the user gave up */
export async function askOptions(defaults: Settings): Promise<Settings | null> {
  const device = await pick(1, vscode.l10n.t('Device'), deviceItems(), defaults.device);
  if (device === undefined) return null;
  const method = await pick(2, vscode.l10n.t('Method'), methodItems(), defaults.method);
  if (method === undefined) return null;
  const depth = method === 'gram' ? await askIterations(defaults) : await askTolerance(defaults);
  if (depth === undefined) return null;
  const inputSize = await askInputSize(defaults);
  if (inputSize === undefined) return null;
  const padding = await pick(5, vscode.l10n.t('Padding'), paddingItems(), defaults.padding);
  if (padding === undefined) return null;
  return { device, method, ...depth, inputSize, padding };
}

type Item<T> = vscode.QuickPickItem & { readonly value: T };

const STEPS = 5;

async function pick<T>(step: number, what: string, items: Item<T>[], current: T): Promise<T | undefined> {
  // The first is the one that Enter takes.
  const sorted = items.toSorted((a, b) => Number(b.value === current) - Number(a.value === current));
  const picked = await vscode.window.showQuickPick(sorted, {
    title: titleOf(step, what),
    ignoreFocusOut: true,
  });
  return picked?.value;
}

async function ask<T>(
  step: number,
  what: string,
  prompt: string,
  current: string,
  parse: (text: string) => T | undefined,
  hint: string,
): Promise<T | undefined> {
  const text = await vscode.window.showInputBox({
    title: titleOf(step, what),
    prompt,
    value: current,
    ignoreFocusOut: true,
    validateInput: (text) => (parse(text.trim()) === undefined ? hint : null),
  });
  return text === undefined ? undefined : parse(text.trim());
}

function titleOf(step: number, what: string): string {
  return vscode.l10n.t('Analyze Lipschitz ({0} of {1}): {2}', step, STEPS, what);
}

function askTolerance({ tolerance }: Settings) {
  return ask(
    3,
    vscode.l10n.t('Tolerance'),
    vscode.l10n.t('Relative width of the intervals to aim for. Empty: the default of each kind of layer.'),
    tolerance === null ? '' : String(tolerance),
    (text) => {
      if (text === '') return { tolerance: null, iterations: null };
      return isTolerance(Number(text)) ? { tolerance: Number(text), iterations: null } : undefined;
    },
    vscode.l10n.t('It must be a number between 0 and 1, both excluded, or empty.'),
  );
}

function askIterations({ iterations, tolerance }: Settings) {
  return ask(
    3,
    vscode.l10n.t('Iterations'),
    vscode.l10n.t('Number of Gram iterations. Empty: the default of the method.'),
    iterations === null ? '' : String(iterations),
    (text) => {
      if (text === '') return { tolerance, iterations: null };
      return isIterations(Number(text)) ? { tolerance, iterations: Number(text) } : undefined;
    },
    vscode.l10n.t('It must be a whole number from 1 to {0}, or empty.', MOST_ITERATIONS),
  );
}

function askInputSize({ inputSize }: Settings) {
  return ask(
    4,
    vscode.l10n.t('Input size'),
    vscode.l10n.t(
      'Spatial size of the input, such as 224x224; any: whatever its size. Empty: as the file says.',
    ),
    inputSize === null ? '' : inputSize === 'any' ? inputSize : inputSize.join('x'),
    (text) => (text === '' ? null : (inputSizeOf(text) ?? undefined)),
    vscode.l10n.t('It must be {0}, or empty.', inputSizeHint()),
  );
}

function deviceItems(): Item<DeviceChoice>[] {
  const items: Record<DeviceChoice, Omit<Item<DeviceChoice>, 'value'>> = {
    auto: { label: 'auto', description: vscode.l10n.t('a GPU that computes correctly, else the CPU') },
    cpu: { label: 'cpu', description: vscode.l10n.t('the CPU, in 64-bit floating point') },
    webgpu: { label: 'webgpu', description: vscode.l10n.t('a GPU through WebGPU') },
    cuda: { label: 'cuda', description: vscode.l10n.t('an NVIDIA GPU through CUDA') },
    dml: { label: 'dml', description: vscode.l10n.t('a GPU through DirectML, on Windows') },
    coreml: { label: 'coreml', description: vscode.l10n.t('Core ML, on macOS') },
  };
  const allowed = vscode.workspace.isTrusted ? DEVICE_CHOICES : (['cpu'] as const);
  return allowed.map((value) => ({ ...items[value], value }));
}

function methodItems(): Item<Method>[] {
  return [
    {
      label: 'auto',
      description: vscode.l10n.t('intervals as narrow as the tolerance asks for'),
      value: 'auto',
    },
    {
      label: 'quick',
      description: vscode.l10n.t('large matrices at once, nearly certain; convolutions to 3 %'),
      value: 'quick',
    },
    { label: 'gram', description: vscode.l10n.t('Gram iterations: upper bounds'), value: 'gram' },
  ];
}

function paddingItems(): Item<PaddingChoice | null>[] {
  return [
    { label: vscode.l10n.t('as the file says'), value: null },
    { label: 'zeros', description: vscode.l10n.t('whatever the file says'), value: 'zeros' },
    { label: 'circular', description: vscode.l10n.t('whatever the file says'), value: 'circular' },
  ];
}
