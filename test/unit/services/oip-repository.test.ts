import { describe, expect, it } from '@jest/globals';
import { repositoryMethods } from '../../../src/services/oip-repository.js';
import { oipStatusOf } from '../../../src/wire/status.js';
import { ControlRig, type ControlRigOptions } from '../../support/control-rig.js';
import { FakeSendingCall } from '../../support/fake-sending-call.js';
import { aspiredModel } from '../../support/fake-servables.js';
import { findMethod } from '../../support/service-methods.js';

class Facade extends ControlRig {
  readonly service;

  constructor(options: ControlRigOptions = {}) {
    super(options);
    this.service = { name: 'inference.GRPCInferenceService', methods: repositoryMethods(this.control), statusOf: oipStatusOf('grpc') };
  }

  call(name: string, message: object): Promise<unknown> {
    return findMethod(this.service, name, 'unary').handle(
      { repositoryName: '', modelName: 'm', parameters: {}, ready: false, ...message },
      new FakeSendingCall(),
    );
  }
}

describe('repositoryMethods', () => {
  it('are no inference: the door lets them in', () => {
    const { service } = new Facade();
    expect(service.methods.map(({ admission, kind }) => [admission, kind])).toEqual(Array(3).fill(['open', 'unary']));
  });

  it('index, load and unload', async () => {
    await using facade = new Facade();
    facade.put('1');
    const unloaded = { name: 'm', version: '', state: 'UNAVAILABLE', reason: 'not loaded' };
    expect(await facade.call('RepositoryIndex', {})).toEqual({ models: [unloaded] });
    expect(await facade.call('RepositoryIndex', { ready: true })).toEqual({ models: [] });
    await facade.load('1');
    expect(await facade.call('RepositoryIndex', { ready: true })).toMatchObject({ models: [{ version: '1', state: 'READY' }] });
    expect(await facade.call('RepositoryModelUnload', {})).toEqual({});
    expect(await facade.call('RepositoryIndex', { ready: true })).toEqual({ models: [] });
  });

  it('answer a load with nothing but that it is done', async () => {
    await using facade = new Facade();
    facade.put();
    expect(await facade.call('RepositoryModelLoad', {})).toEqual({});
  });

  it('load a model with what the message has in place of its files', async () => {
    await using facade = new Facade();
    const parameters = { config: { parameterChoice: { $case: 'stringParam', value: '{}' } } };
    await expect(facade.call('RepositoryModelLoad', { parameters })).rejects.toMatchObject({
      message: "failed to load 'm', failed to poll from model repository",
    });
    facade.overrides.answer = aspiredModel('m');
    expect(await facade.call('RepositoryModelLoad', { parameters })).toEqual({});
    expect(facade.overrides.seen).toEqual(['m: {}', 'm: {}']);
  });

  it('know no model but those of the repositories', async () => {
    await using facade = new Facade();
    await expect(facade.call('RepositoryModelLoad', { modelName: 'x' })).rejects.toMatchObject({
      code: 'backend_failed',
      message: "failed to load 'x', failed to poll from model repository",
    });
  });

  it.each(['RepositoryModelLoad', 'RepositoryModelUnload'])('refuse %s for who may not, whatever the message says', async (name) => {
    await using facade = new Facade({ access: 'off' });
    await expect(facade.call(name, { repositoryName: 'models' })).rejects.toMatchObject({ code: 'permission_denied' });
  });
});
