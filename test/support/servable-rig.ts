import type { ModelSettings } from '../../src/model/spec.js';
import { type Instances, Servable } from '../../src/serving/servable.js';
import { NO_STREAMS } from './held-loader.js';
import { modelSpec } from './model-source.js';
import { type RigOptions, SchedulerRig } from './scheduler-rig.js';

/** A servable of model `m` version 1 on a scheduler rig: it takes INT32 rows and by default gives them back. */
export class ServableRig extends SchedulerRig {
  readonly servable: Servable;

  constructor(options: RigOptions = {}, settings: Partial<ModelSettings> = {}, instances: Instances = NO_STREAMS) {
    super(options);
    const { maxBatchSize, ...batching } = this.limits;
    const inputs = [{ name: 'INPUT0', datatype: 'INT32' as const, dims: [1] }];
    const spec = modelSpec({ maxBatchSize, inputs, batching, ...settings });
    const { scheduler, observer, clock, statistics } = this;
    this.servable = new Servable({ spec, scheduler, instances, observer, clock, statistics });
  }
}
