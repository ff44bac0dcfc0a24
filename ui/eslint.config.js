import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import { importX } from 'eslint-plugin-import-x';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/** Rooms of src/lib, lowest first: each may import what stands before it and itself, and nothing after it. */
const rooms = [
  'i18n',
  'format',
  'backend',
  'live',
  'theme',
  'period',
  'keys',
  'components',
  'sizing',
  'table',
  'issues',
  'deploys',
  'chart',
  'metrics',
  'pages',
  'shell',
];

/** What the pages may know of the shell around them: whose fleet it is. */
const openDoor = '$lib/shell/session';

const tauriOnlyInItsFile = {
  group: ['@tauri-apps/*'],
  message: 'Only lib/backend/tauri.ts knows the desktop face.',
};

const layers = rooms.map((room, at) => ({
  files: [`src/lib/${room}/**/*.{ts,svelte}`],
  ignores: ['**/*.test.ts', 'src/lib/backend/tauri.ts'],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          tauriOnlyInItsFile,
          ...rooms.slice(at + 1).map((higher) => ({
            group: [`$lib/${higher}/**`, `!${openDoor}`],
            message: `lib/${room} stands below lib/${higher}.`,
          })),
        ],
      },
    ],
  },
}));

export default ts.config(
  { ignores: ['.svelte-kit/', 'build/', 'node_modules/', 'src/lib/bindings.ts'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  prettier,
  ...svelte.configs.prettier,
  {
    plugins: { 'import-x': importX },
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    settings: {
      'import-x/resolver-next': [createTypeScriptImportResolver()],
      'import-x/extensions': ['.ts', '.js', '.svelte'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'], 'svelte-eslint-parser': ['.svelte'] },
    },
    rules: {
      // The type checker knows every name.
      'no-undef': 'off',
      'import-x/no-cycle': 'error',
      'import-x/no-duplicates': 'error',
      'no-console': 'error',
      eqeqeq: ['error', 'always'],
      'svelte/no-at-html-tags': 'error',
      // Addresses of apps and hosts are resolved in lib/period/links.ts, where this rule cannot see it.
      'svelte/no-navigation-without-resolve': 'off',
      'no-restricted-syntax': [
        'error',
        {
          selector: "SvelteAttribute[key.name='style']",
          message: 'The content policy refuses a style attribute: use the style: directive.',
        },
      ],
      'svelte/require-each-key': 'error',
      'svelte/button-has-type': 'error',
    },
  },
  {
    // Also for plain files: a cycle is followed through the components they import.
    files: ['**/*.svelte', '**/*.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig } },
  },
  ...layers,
);
