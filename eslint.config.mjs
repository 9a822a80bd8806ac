import js from '@eslint/js';
import boundaries from 'eslint-plugin-boundaries';
import tseslint from 'typescript-eslint';

/** Which room may import which: data flows file -> model -> analysis (-> bounds -> compute) -> report. */
const rooms = {
  report: [],
  schema: [],
  model: ['schema'],
  compute: ['schema'],
  bounds: ['compute'],
  network: ['model', 'bounds', 'compute', 'report'],
  analysis: ['network', 'model', 'bounds', 'compute', 'report'],
  worker: ['analysis', 'model', 'compute', 'report'],
  cli: ['worker', 'report'],
  editor: ['worker', 'report', 'protocol'],
  protocol: ['report'],
  webview: ['report', 'protocol'],
};

/** Where a room is not the folder of `src` that bears its name. */
const places = {
  // What the panel's page and the extension share is a room of its own inside the editor's.
  protocol: 'src/editor/protocol',
  webview: 'webview',
};

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'test/fixtures'] },
  js.configs.recommended,
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'process',
          'console',
          'URL',
          'Buffer',
          'performance',
          'setInterval',
          'clearInterval',
          'setTimeout',
          'clearTimeout',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './test/tsconfig.json', './webview/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'webview/**/*.{ts,tsx}'],
    plugins: { boundaries },
    settings: {
      'import/resolver': { node: { extensions: ['.ts', '.tsx'] } },
      // The first that matches counts: rooms inside a room before it.
      'boundaries/elements': Object.keys(rooms)
        .map((room) => ({ type: room, pattern: places[room] ?? `src/${room}` }))
        .sort((a, b) => b.pattern.length - a.pattern.length),
    },
    rules: {
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          policies: Object.entries(rooms).map(([room, allowed]) => ({
            from: { element: { type: room } },
            allow: [room, ...allowed].map((type) => ({ to: { element: { type } } })),
          })),
        },
      ],
    },
  },
  {
    // It builds the parts of the editor; nothing else may reach around them.
    files: ['src/extension.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ regex: '^\\./(?!editor/)' }] }] },
  },
);
