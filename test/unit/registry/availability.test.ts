import { describe, expect, it } from '@jest/globals';
import { type Candidate, versionsToRetire } from '../../../src/registry/availability.js';

const aspired = (state: Candidate['state'], version = '2'): Candidate => ({ id: { version }, aspired: true, state });
const unwanted = (state: Candidate['state'], version = '1'): Candidate => ({ id: { version }, aspired: false, state });

describe('versionsToRetire', () => {
  it('keeps what is aspired', () => {
    expect(versionsToRetire([aspired('ready'), aspired('failed'), aspired('loading')])).toEqual([]);
  });

  it('keeps the last ready version until one that is aspired is ready', () => {
    const old = unwanted('ready');
    expect(versionsToRetire([old, aspired('new')])).toEqual([]);
    expect(versionsToRetire([old, aspired('loading')])).toEqual([]);
    expect(versionsToRetire([old, aspired('failed')])).toEqual([]);
    expect(versionsToRetire([old, aspired('ready')])).toEqual([old]);
  });

  it('keeps one that is made anew until its own successor is ready, whatever others are', () => {
    const old = unwanted('ready', '1');
    expect(versionsToRetire([old, aspired('loading', '1'), aspired('ready', '2')])).toEqual([]);
    expect(versionsToRetire([old, aspired('failed', '1'), aspired('ready', '2')])).toEqual([]);
    expect(versionsToRetire([old, aspired('ready', '1'), aspired('loading', '2')])).toEqual([old]);
  });

  it('keeps none where no version is aspired', () => {
    expect(versionsToRetire([unwanted('ready'), unwanted('ready')])).toHaveLength(2);
  });

  it('lets go at once what is not ready', () => {
    const versions = [unwanted('new'), unwanted('loading'), unwanted('failed')];
    expect(versionsToRetire([...versions, aspired('loading')])).toEqual(versions);
  });

  it('leaves alone what is leaving', () => {
    expect(versionsToRetire([unwanted('draining'), unwanted('unloading'), unwanted('gone')])).toEqual([]);
  });
});
