import { describe, expect, it } from '@jest/globals';
import type { ModelConfigResponse } from '../../../src/gen/inference/metadata.js';
import type { ModelStatisticsResponse } from '../../../src/gen/inference/statistics.js';
import type { Service } from '../../../src/grpc/call.js';
import { statisticsMethods } from '../../../src/services/oip-statistics.js';
import { callContext } from '../../support/call-context.js';
import { DataPlaneRig, rowsRequest } from '../../support/data-plane-rig.js';
import { FakeSendingCall } from '../../support/fake-sending-call.js';
import { findMethod } from '../../support/service-methods.js';

const RPCS = ['ModelStatistics', 'ModelConfig'];

function call(rig: DataPlaneRig, rpc: string, name: string, version = ''): Promise<unknown> {
  const statusOf: Service['statusOf'] = () => ({ code: 2, message: '' });
  const service = { name: 'inference.GRPCInferenceService', statusOf, methods: statisticsMethods(rig.plane) };
  return findMethod(service, rpc, 'unary').handle({ name, version }, new FakeSendingCall());
}

describe('ModelStatistics', () => {
  it.each([
    ['', ''],
    ['', '9'],
    ['m', ''],
    ['m', '1'],
  ])('tells of what the versions of %j, %j have done', async (name, version) => {
    await using rig = await DataPlaneRig.open();
    await rig.plane.infer(rowsRequest([4, 5]), callContext());
    const { modelStats } = (await call(rig, 'ModelStatistics', name, version)) as ModelStatisticsResponse;
    expect(modelStats).toMatchObject([{ name: 'm', version: '1', inferenceCount: 2n, inferenceStats: { success: { count: 1n } } }]);
  });
});

describe('ModelConfig', () => {
  it('tells how a version is configured', async () => {
    await using rig = await DataPlaneRig.open();
    const { config } = (await call(rig, 'ModelConfig', 'm')) as ModelConfigResponse;
    expect(config).toMatchObject({ name: 'm', maxBatchSize: 8, input: [{ name: 'INPUT0', dataType: 8, dims: [1n] }] });
  });
});

describe.each(RPCS)('%s', (rpc) => {
  it.each([
    ['n', '', 'model_not_found', "Request for unknown model: 'n' is not found"],
    ['m', '2', 'model_not_found', "Request for unknown model: 'm' version 2 is not found"],
    ['m', 'stable', 'invalid_request', "failed to get model version from specified version string 'stable'"],
    ['m', '-1', 'invalid_request', "failed to get model version from specified version string '-1'"],
  ])('refuses %j, %j with %s', async (name, version, code, text) => {
    await using rig = await DataPlaneRig.open();
    await expect(call(rig, rpc, name, version)).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
    expect(await rig.held()).toBe('nothing');
  });
});
