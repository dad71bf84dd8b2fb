// Node's environment, which writes V8's coverage when a test file has run: afterwards its modules are collected, and their counts with them.
import { takeCoverage } from 'node:v8';
import { TestEnvironment } from 'jest-environment-node';

export default class CoverageEnvironment extends TestEnvironment {
  handleTestEvent({ name }) {
    if (name === 'run_finish' && process.env.NODE_V8_COVERAGE !== undefined) takeCoverage();
  }
}
