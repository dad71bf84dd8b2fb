import { describe, expect, it } from '@jest/globals';
import { VersionLedger } from '../../support/version-ledger.js';

describe('VersionLedger', () => {
  it('lets a version answer what was under way between its aspiration and its retirement', () => {
    const ledger = new VersionLedger();
    ledger.aspire(1, 10);
    ledger.retire(1, 20);
    expect(ledger.mayAnswer(1, 5, 9)).toBe(false);
    expect(ledger.mayAnswer(1, 5, 10)).toBe(true);
    expect(ledger.mayAnswer(1, 12, 15)).toBe(true);
    expect(ledger.mayAnswer(1, 20, 99)).toBe(true);
    expect(ledger.mayAnswer(1, 21, 99)).toBe(false);
    expect(ledger.mayAnswer(2, 12, 15)).toBe(false);
  });

  it('knows a version that comes again', () => {
    const ledger = new VersionLedger();
    ledger.aspire(1, 10);
    ledger.aspire(1, 15);
    ledger.retire(1, 20);
    ledger.aspire(1, 30);
    expect(ledger.mayAnswer(1, 10, 11)).toBe(true);
    expect(ledger.mayAnswer(1, 21, 29)).toBe(false);
    expect(ledger.mayAnswer(1, 31, 99)).toBe(true);
  });

  it('has a call answered whose whole time lies within service', () => {
    const ledger = new VersionLedger();
    ledger.serve(10);
    ledger.cease(20);
    expect(ledger.mustAnswer(10, 20)).toBe(true);
    expect(ledger.mustAnswer(9, 15)).toBe(false);
    expect(ledger.mustAnswer(15, 21)).toBe(false);
    ledger.serve(30);
    expect(ledger.mustAnswer(31, 99)).toBe(true);
    expect(ledger.mustAnswer(15, 31)).toBe(false);
  });
});
