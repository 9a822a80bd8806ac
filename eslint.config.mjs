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
  analysis: ['model', 'bounds', 'compute', 'report'],
  worker: ['analysis', 'model', 'compute', 'report'],
  cli: ['worker', 'report'],
};

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'test/fixtures'] },
  js.configs.recommended,
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        ['process', 'console', 'URL', 'Buffer', 'performance', 'setInterval', 'clearInterval'].map((name) => [
          name,
          'readonly',
        ]),
      ),
    },
  },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './test/tsconfig.json'],
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
    files: ['src/**/*.ts'],
    plugins: { boundaries },
    settings: {
      'import/resolver': { node: { extensions: ['.ts'] } },
      'boundaries/elements': Object.keys(rooms).map((room) => ({ type: room, pattern: `src/${room}` })),
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
);
