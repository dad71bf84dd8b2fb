import { describe, expect, it } from '@jest/globals';
import { Instruments, SHED_CAUSES } from '../../../src/telemetry/instruments.js';
import { executedAlone } from '../../support/executed-batch.js';
import { findSamples, parseExposition } from '../../support/exposition.js';

const scrape = async (instruments: Instruments) => parseExposition(await instruments.metrics());

describe('Instruments', () => {
  it('declares every family before its first sample', async () => {
    const { types, samples } = await scrape(new Instruments());
    const families = [...types].filter(([name]) => name.startsWith('millrace_'));
    expect(families).toEqual([
      ['millrace_requests_total', 'counter'],
      ['millrace_request_seconds', 'histogram'],
      ['millrace_batch_rows', 'histogram'],
      ['millrace_batch_requests', 'histogram'],
      ['millrace_batches_total', 'counter'],
      ['millrace_batch_cost_total', 'counter'],
      ['millrace_batch_splits_total', 'counter'],
      ['millrace_batch_cap', 'gauge'],
      ['millrace_queue_seconds', 'histogram'],
      ['millrace_execute_seconds', 'histogram'],
      ['millrace_shed_total', 'counter'],
      ['millrace_pool_leases_total', 'counter'],
    ]);
    expect(samples.filter(({ name }) => name.startsWith('millrace_') && name !== 'millrace_shed_total')).toEqual([]);
  });

  it('shows the process itself: memory, event loop, garbage collection', async () => {
    const { types } = await scrape(new Instruments());
    for (const name of ['process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds', 'nodejs_gc_duration_seconds']) {
      expect([...types.keys()]).toContain(name);
    }
  });

  it('speaks the text format', () => {
    expect(new Instruments().contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it('counts batches and leases by model and version', async () => {
    const instruments = new Instruments();
    const model = instruments.model({ model: 'digits', version: '2' });
    model.batchRows.observe(8);
    model.batchRequests.observe(3);
    model.batches('deadline').add(2);
    model.batches('deadline').add();
    model.batches('draining').add();
    model.batchCostReal.add(8);
    model.batchCostPadding.add(1);
    model.batchSplits.add();
    model.queueSeconds.observe(0.25);
    model.executeSeconds.observe(0.001);
    model.leasesReused.add(2);
    model.leasesCreated.add();
    const exposition = await scrape(instruments);
    const labels = { model: 'digits', version: '2' };
    const value = (name: string, more = {}) => findSamples(exposition, name, { ...labels, ...more }).map((sample) => sample.value);
    expect(value('millrace_batch_rows_sum')).toEqual([8]);
    expect(value('millrace_batch_requests_sum')).toEqual([3]);
    expect(value('millrace_batches_total', { reason: 'deadline' })).toEqual([3]);
    expect(value('millrace_batches_total', { reason: 'draining' })).toEqual([1]);
    expect(value('millrace_batch_cost_total', { kind: 'real' })).toEqual([8]);
    expect(value('millrace_batch_cost_total', { kind: 'padding' })).toEqual([1]);
    expect(value('millrace_batch_splits_total')).toEqual([1]);
    expect(value('millrace_queue_seconds_sum')).toEqual([0.25]);
    expect(value('millrace_execute_seconds_bucket', { le: '0.001' })).toEqual([1]);
    expect(value('millrace_pool_leases_total', { reused: 'true' })).toEqual([2]);
    expect(value('millrace_pool_leases_total', { reused: 'false' })).toEqual([1]);
  });

  it('shows the cap of a model once there is one, as it is at the scrape', async () => {
    const instruments = new Instruments();
    const labels = { model: 'digits', version: '2' };
    const { batchCap } = instruments.model(labels);
    const shown = async () => findSamples(await scrape(instruments), 'millrace_batch_cap', labels).map((sample) => sample.value);
    expect(await shown()).toEqual([]);
    let cap = 16;
    batchCap.read = () => cap;
    expect(await shown()).toEqual([16]);
    cap = 8;
    expect(await shown()).toEqual([8]);
  });

  it('gives one object per id and one series per model and version', async () => {
    const instruments = new Instruments();
    const id = { model: 'm', version: '1' };
    expect(instruments.model(id)).toBe(instruments.model(id));
    instruments.model({ ...id }).batchRows.observe(1);
    instruments.model(id).batchRows.observe(1);
    expect(findSamples(await scrape(instruments), 'millrace_batch_rows_count').map(({ value }) => value)).toEqual([2]);
  });

  it('begins the statistics of each id at 0, and shows the sum of all of a version', async () => {
    const instruments = new Instruments();
    const [first, second] = [
      { model: 'm', version: '1' },
      { model: 'm', version: '1' },
    ];
    instruments.model(first).statistics.executed(executedAlone(3), 0);
    instruments.model(second).statistics.executed(executedAlone(4), 0);
    expect(instruments.model(second).statistics.inferenceCount).toBe(4);
    const shown = async () => findSamples(await scrape(instruments), 'nv_inference_count').map(({ value }) => value);
    expect(await shown()).toEqual([7]);
    instruments.forget(first);
    expect(await shown()).toEqual([7]);
    instruments.forget(second);
    expect(await shown()).toEqual([]);
  });

  it("labels what shows under Triton's names, and nothing else, with a version's tags", async () => {
    const instruments = new Instruments();
    const id = { model: 'm', version: '1' };
    instruments.tag(id, new Map([['team', 'a "b"\\\n']]));
    instruments.model(id).batchRows.observe(1);
    const exposition = await scrape(instruments);
    const labelsOf = (name: string) => findSamples(exposition, name).map(({ labels }) => labels);
    expect(labelsOf('nv_inference_count')).toEqual([{ ...id, _team: 'a "b"\\\n' }]);
    expect(labelsOf('nv_inference_request_failure').map(({ _team }) => _team)).toEqual(Array(4).fill('a "b"\\\n'));
    expect(labelsOf('millrace_batch_rows_count')).toEqual([id]);
  });

  it('labels them with the tags of whoever of a version came last and is there yet, the counts going on', async () => {
    const instruments = new Instruments();
    const [old, next] = [
      { model: 'm', version: '1' },
      { model: 'm', version: '1' },
    ];
    const samples = async () => findSamples(await scrape(instruments), 'nv_inference_count').map(({ labels, value }) => [labels, value]);
    instruments.tag(old, new Map([['team', 'old']]));
    instruments.model(old).statistics.executed(executedAlone(3), 0);
    instruments.tag(next, new Map([['stage', 'new']]));
    expect(await samples()).toEqual([[{ ...old, _stage: 'new' }, 3]]);
    instruments.forget(next);
    expect(await samples()).toEqual([[{ ...old, _team: 'old' }, 3]]);
    instruments.tag({ ...old }, new Map());
    expect(await samples()).toEqual([[old, 3]]);
    instruments.forget(old);
    expect(await samples()).toEqual([[old, 3]]);
  });

  it('ends the series of a version once its last id is forgotten, and starts anew when it comes back', async () => {
    const instruments = new Instruments();
    const [first, second] = [
      { model: 'm', version: '1' },
      { model: 'm', version: '1' },
    ];
    instruments.model(first).batchRows.observe(1);
    instruments.call(second, '/s/A').code(0).add();
    instruments.forget(first);
    instruments.forget(first);
    expect(findSamples(await scrape(instruments), 'millrace_requests_total')).toHaveLength(1);
    instruments.forget(second);
    const gone = await scrape(instruments);
    expect([...findSamples(gone, 'millrace_requests_total'), ...findSamples(gone, 'millrace_batch_rows_count')]).toEqual([]);
    instruments
      .call({ ...first }, '/s/A')
      .code(0)
      .add();
    expect(findSamples(await scrape(instruments), 'millrace_requests_total').map(({ value }) => value)).toEqual([1]);
  });

  it('counts calls by status name, an undefined number as UNKNOWN', async () => {
    const instruments = new Instruments();
    const call = instruments.call({ model: 'm', version: '1' }, '/millrace.v1.InferenceService/Infer');
    call.requestSeconds.observe(0.02);
    for (const status of [0, 0, 3, 2, 99, 4711]) call.code(status).add();
    const exposition = await scrape(instruments);
    const method = 'millrace.v1.InferenceService/Infer';
    const samples = findSamples(exposition, 'millrace_requests_total', { model: 'm', version: '1', method });
    expect(samples.map(({ labels, value }) => [labels['code'], value])).toEqual([
      ['OK', 2],
      ['INVALID_ARGUMENT', 1],
      ['UNKNOWN', 3],
    ]);
    expect(findSamples(exposition, 'millrace_request_seconds_count', { method }).map(({ value }) => value)).toEqual([1]);
  });

  it('never lets a name that a client made up become a label of its own', async () => {
    const instruments = new Instruments();
    for (let at = 0; at < 1000; at++) instruments.call(undefined, `/made.up/Method${at}`).code(12).add();
    instruments.call({ model: 'm', version: '1' }, '/late/Method').code(0).add();
    const samples = findSamples(await scrape(instruments), 'millrace_requests_total', { model: '', version: '' });
    expect(samples.length).toBeLessThanOrEqual(65);
    expect(samples.reduce((sum, { value }) => sum + value, 0)).toBe(1000);
    expect(findSamples(await scrape(instruments), 'millrace_requests_total', { method: 'late/Method' })).toHaveLength(1);
  });

  it('shows each cause of shedding from the first scrape on', async () => {
    const instruments = new Instruments();
    instruments.shed('inflight').add();
    const samples = findSamples(await scrape(instruments), 'millrace_shed_total');
    expect(samples.map(({ labels }) => labels['cause'])).toEqual([...SHED_CAUSES]);
    expect(samples.map(({ value }) => value)).toEqual([1, 0, 0, 0, 0]);
  });

  it('reads gauges at each scrape, one number or one for each label', async () => {
    const instruments = new Instruments();
    const states = new Map([['ready', 2]]);
    let inflight = 3;
    instruments.gauge('millrace_inflight_calls', 'Calls inside', () => inflight);
    instruments.gauge('millrace_models', 'Versions by state', () => states, 'state');
    await instruments.metrics();
    inflight = 5;
    states.delete('ready');
    states.set('failed', 1);
    const exposition = await scrape(instruments);
    expect(findSamples(exposition, 'millrace_inflight_calls').map(({ value }) => value)).toEqual([5]);
    expect(findSamples(exposition, 'millrace_models').map(({ labels, value }) => [labels, value])).toEqual([[{ state: 'failed' }, 1]]);
  });

  it('escapes what stands in a label', async () => {
    const instruments = new Instruments();
    instruments.model({ model: 'a"b\\c\nd', version: '1' }).leasesCreated.add();
    expect(findSamples(await scrape(instruments), 'millrace_pool_leases_total', { model: 'a"b\\c\nd' })).toHaveLength(2);
  });
});
