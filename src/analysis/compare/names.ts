/** What the names of layers and weights say when two models are compared. */

interface Named {
  readonly name: string;
  readonly op: string;
  readonly weight: string;
}

/** Numbers that exporters give to what has no name: `123`, `onnx::MatMul_123`, `Conv_7`, `val_12`. */
const MACHINE_MADE = /^(?:onnx::\w+|(?:[A-Z][A-Za-z]+|_?val|_v)_\d+|\d+)$/;

/** Whether a name is a number of the exporter, which means another layer in another file. */
export function isMachineMade(name: string): boolean {
  return MACHINE_MADE.test(name);
}

/** Parts that wrappers of PyTorch put into names: torch.compile, DataParallel, FSDP, activation checkpoints. */
const WRAPPERS = new Set(['_orig_mod', 'module', '_fsdp_wrapped_module', '_checkpoint_wrapped_module']);

/** Parts of a name above which it is no path of modules. */
const MOST_PARTS = 32;

/**
 * The path of modules to a weight, without wrappers: of the weight's own name, or, where exporters have renamed it, of its
 * node's. Null where neither is one.
 */
export function pathOf({ name, op, weight }: Named): readonly string[] | null {
  const parts = isMachineMade(weight) ? pathOfNode(name, op) : weight.split(/[./]/);
  if (parts === null || parts.length > MOST_PARTS) return null;
  return parts.filter((part) => !WRAPPERS.has(part));
}

/** `/encoder/encoder.0/fc/MatMul` is the `encoder.0.fc.weight` of PyTorch: a list of modules repeats its own name. */
function pathOfNode(name: string, op: string): string[] | null {
  const scopes = name.split('/').filter((scope) => scope !== '');
  const last = scopes.pop() ?? '';
  if (scopes.length === 0 || !last.startsWith(op)) return null;
  const modules = scopes.filter((scope, i) => !scopes[i + 1]?.startsWith(`${scope}.`));
  return [...modules.flatMap((scope) => scope.split('.')), 'weight'];
}

/** Operators whose rows are several matrices. */
const COMPOSITE = /LSTM|GRU|RNN|Attention|MoE/;
/** Rows of ONNX end with `/W.i` or `/reverse/R.c`, rows of safetensors with the letter of the gate. */
const PART = /\/(?:([WR])\.)?(\w+)$/;
/** PyTorch's `weight_ih_l0_reverse`. */
const PYTORCH_MATRIX = /(?:^|\.)weight_(ih|hh|hr)(?:_l\d+)?(_reverse)?$/;
/** What PyTorch calls the gates of ONNX that have other letters there. */
const GATES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  LSTM: { c: 'g' },
  GRU: { h: 'n' },
};

/** Which matrix of a node of several a layer is, alike for both formats: `W.i`, `reverse R.g`, `q`; '' of others. */
export function roleOf({ name, op, weight }: Named): string {
  if (!COMPOSITE.test(op)) return '';
  const [, matrixOfNode, part = ''] = PART.exec(name) ?? [];
  const pytorch = PYTORCH_MATRIX.exec(weight);
  if (!matrixOfNode && !pytorch) return part.toLowerCase();
  const cell = /LSTM|GRU|RNN/.exec(op)?.[0] ?? '';
  const reverse = matrixOfNode ? name.includes('/reverse/') : pytorch?.[2] !== undefined;
  const matrix = matrixOfNode ?? { ih: 'W', hh: 'R', hr: 'P' }[pytorch?.[1] ?? ''] ?? '';
  const gate = cell === 'RNN' ? '' : (GATES[cell]?.[part] ?? part);
  return `${reverse ? 'reverse ' : ''}${matrix}.${gate}`;
}

/** A name with every number replaced: equal for layers that differ in their index only. */
export function templateOf(name: string): string {
  return name.replace(/\d+/g, '#');
}
