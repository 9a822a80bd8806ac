import { expect, it } from 'vitest';
import { plainLabel } from '../../../src/editor/plain-label';

/** What VS Code takes for an icon. */
const ICON = /\$\([\w-]+(?:~\w+)?\)/;

it.each(['$(zap)', 'a $(sync~spin) b', '$($(zap))', '$$(zap)'])('leaves no icon in %s', (name) => {
  expect(name).toMatch(ICON);
  expect(plainLabel(name)).not.toMatch(ICON);
  expect(plainLabel(name).replaceAll('\u200b', '')).toBe(name);
});

it('leaves other names as they are', () => {
  expect(plainLabel('model (1) $x.onnx')).toBe('model (1) $x.onnx');
});
