/** Tests run compiled: workers resolve their own files, and coverage maps back to the sources. */
export default {
  roots: ['<rootDir>/build/test'],
  testMatch: ['**/*.test.js'],
  testEnvironment: '<rootDir>/scripts/jest-environment.mjs',
  transform: {},
  testTimeout: 20_000,
  maxWorkers: 2,
};
