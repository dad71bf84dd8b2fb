import tseslint from 'typescript-eslint';

/** Types only: what the type checker can prove. Format, import order, cycles and room fences are Biome's. */
export default tseslint.config(
  { ignores: ['build/', 'coverage/', 'src/gen/', '*.config.js', 'scripts/', 'examples/'] },
  ...tseslint.configs.strictTypeChecked,
  { languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } } },
  {
    rules: {
      // Numbers in messages are the point of a message.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `using _permit` holds a resource for its scope.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // `return refuse(…)` ends a function early and says why.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // An async function turns what it throws into a rejection; it need not wait for anything.
      '@typescript-eslint/require-await': 'off',
      // `this: void` says that a method may be called without its object.
      '@typescript-eslint/no-invalid-void-type': ['error', { allowAsThisParameter: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
    },
  },
);
