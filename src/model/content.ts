/** What a file holds, told from its first bytes: for the sentence that refuses a file under the wrong name. */
import { t } from '@vscode/l10n';
import type { RangeFile } from './file';

/** Bytes looked at. */
const sample = 512;

const signatures: readonly (readonly [offset: number, signature: string, description: string])[] = [
  [0, 'PK\x03\x04', t('a zip archive (PyTorch and Keras save models as such)')],
  [0, '\x89HDF\r\n\x1a\n', t('an HDF5 file (as Keras writes)')],
  [0, '\x93NUMPY', t('a NumPy array')],
  [0, 'GGUF', t('a GGUF model')],
  [4, 'TFL3', t('a TensorFlow Lite model')],
  [4, 'ORTM', t('a model in the internal format of ONNX Runtime (.ort)')],
  [0, '\x1f\x8b', t('a gzip archive')],
  [0, '\xfd7zXZ\0', t('an xz archive')],
  [0, '7z\xbc\xaf\x27\x1c', t('a 7-Zip archive')],
  [257, 'ustar', t('a tar archive')],
];

/** Such as "a zip archive"; null where the first bytes belong to nothing that is known here. */
export async function describeContent(file: RangeFile): Promise<string | null> {
  if (file.size === 0) return t('an empty file');
  const start = Buffer.from(await file.read(0, Math.min(sample, file.size)));
  const text = start.toString('latin1');
  const known = signatures.find(([offset, signature]) => text.startsWith(signature, offset));
  if (known !== undefined) return known[2];
  if (isSafetensors(start)) return t('a safetensors file');
  if (start[0] === 0x80 && start[1] >= 2 && start[1] <= 5)
    return t('a Python pickle (as PyTorch saved models before 1.6)');
  if (!isText(start)) return null;
  const trimmed = text.replace(/^\xef\xbb\xbf/, '').trimStart();
  if (/^<(?:!doctype|html|head|body|\?xml)/i.test(trimmed)) return t('a web page');
  if (/^[{[]/.test(trimmed)) return t('JSON text');
  return 'text';
}

/** A safetensors file begins with the length of its JSON header, 8 bytes, which the format limits to 100 MB. */
function isSafetensors(start: Buffer): boolean {
  return start.length > 8 && start.readBigUInt64LE(0) <= 100_000_000n && start[8] === '{'.charCodeAt(0);
}

/** No control characters but white space, and valid UTF-8 (up to a character that the sample cuts). */
function isText(start: Buffer): boolean {
  const decoded = new TextDecoder().decode(start, { stream: true });
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return !/[\0-\x08\x0e-\x1f\x7f\ufffd]/.test(decoded);
}
