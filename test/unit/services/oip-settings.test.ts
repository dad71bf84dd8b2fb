import { describe, expect, it } from '@jest/globals';
import type { LogSettingsRequest, TraceSettingRequest } from '../../../src/gen/inference/settings.js';
import { settingsMethods } from '../../../src/services/oip-settings.js';
import type { ControlAccess } from '../../../src/serving/control-guard.js';
import { Readiness } from '../../../src/serving/readiness.js';
import { oipStatusOf } from '../../../src/wire/status.js';
import { DataPlaneRig } from '../../support/data-plane-rig.js';
import { FakeSendingCall } from '../../support/fake-sending-call.js';
import { findMethod } from '../../support/service-methods.js';
import { settingsPlane } from '../../support/settings-plane.js';

const INFO_OFF: LogSettingsRequest['settings'] = { log_info: { parameterChoice: { $case: 'boolParam', value: false } } };

/** The methods over a server with one ready model, `m`. */
async function openFacade(access: ControlAccess = 'local') {
  const rig = await DataPlaneRig.open();
  const methods = settingsMethods(settingsPlane(access), new Readiness(rig.registry, [], false));
  const service = { name: 'inference.GRPCInferenceService', methods, statusOf: oipStatusOf('grpc') };
  const call = (name: string, message: object) => findMethod(service, name, 'unary').handle(message, new FakeSendingCall());
  return {
    methods,
    trace: (settings: TraceSettingRequest['settings'] = {}, modelName = '') => call('TraceSetting', { settings, modelName }),
    log: (settings: LogSettingsRequest['settings'] = {}) => call('LogSettings', { settings }),
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}

describe('settingsMethods', () => {
  it('are no inference: the door lets them in', async () => {
    await using facade = await openFacade();
    expect(facade.methods.map(({ admission, kind }) => [admission, kind])).toEqual(Array(2).fill(['open', 'unary']));
  });

  it('change the trace settings of one model or of all, and answer with what holds for it', async () => {
    await using facade = await openFacade();
    const rate = (value: string) => ({ settings: expect.objectContaining({ trace_rate: { value: [value] } }) });
    expect(await facade.trace()).toEqual(rate('1'));
    expect(await facade.trace({ trace_rate: { value: ['5'] } }, 'm')).toEqual(rate('5'));
    expect(await facade.trace({ trace_rate: { value: ['7'] } })).toEqual(rate('7'));
    expect(await facade.trace({}, 'm')).toEqual(rate('5'));
    expect(await facade.trace({ trace_rate: { value: [] } }, 'm')).toEqual(rate('7'));
  });

  it('change no trace setting where one of them is wrong', async () => {
    await using facade = await openFacade();
    const before = await facade.trace();
    const settings = { trace_level: { value: ['OFF'] }, trace_rate: { value: ['x'] } };
    await expect(facade.trace(settings)).rejects.toMatchObject({ code: 'invalid_request' });
    expect(await facade.trace()).toEqual(before);
  });

  it('know no model that is not ready, for reading or writing', async () => {
    await using facade = await openFacade();
    for (const settings of [{}, { trace_rate: { value: ['5'] } }]) {
      await expect(facade.trace(settings, 'n')).rejects.toMatchObject({
        code: 'invalid_request',
        message: 'Request for unknown model : n',
      });
    }
    const long = `Request for unknown model : ${'n'.repeat(79)}…`;
    await expect(facade.trace({}, 'n'.repeat(300))).rejects.toMatchObject({ message: long });
  });

  it('change the log settings, and answer with all of them', async () => {
    await using facade = await openFacade();
    const { log_info: off } = INFO_OFF;
    expect(await facade.log()).toMatchObject({ settings: { log_info: { parameterChoice: { $case: 'boolParam', value: true } } } });
    expect(await facade.log(INFO_OFF)).toMatchObject({ settings: { log_info: off, log_file: { parameterChoice: { value: '' } } } });
    expect(await facade.log()).toMatchObject({ settings: { log_info: off } });
  });

  it('change no log setting where one of them is wrong', async () => {
    await using facade = await openFacade();
    const before = await facade.log();
    const settings = { ...INFO_OFF, log_error: { parameterChoice: undefined } };
    await expect(facade.log(settings)).rejects.toMatchObject({ code: 'invalid_request', message: "expect boolean for 'log_error'" });
    expect(await facade.log()).toEqual(before);
  });

  it('let everybody read, and refuse who may not write, whatever the message says', async () => {
    await using facade = await openFacade('off');
    await facade.trace({}, 'm');
    await facade.log();
    const refused = { code: 'permission_denied' };
    await expect(facade.trace({ nonsense: { value: [] } }, 'nobody')).rejects.toMatchObject(refused);
    await expect(facade.log({ nonsense: { parameterChoice: undefined } })).rejects.toMatchObject(refused);
  });
});
