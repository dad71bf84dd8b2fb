import type { CheckRepository } from './cli/check-port.js';
import { Core } from './core.js';
import { systemClock } from './model/clock.js';
import type { AspiredModel } from './registry/source.js';
import type { ModelStatus, VersionStatus } from './registry/status.js';
import { Instruments } from './telemetry/instruments.js';

/** Loads every model as `serve` would, tells what became of each, and unloads them. */
export const checkRepository: CheckRepository = async (directories, options, onModel, signal) => {
  const nothing = () => undefined;
  const deaf = { onRegistryEvent: nothing, onPoolEvent: nothing, onBatchFailed: nothing };
  const parts = { clock: systemClock, instruments: new Instruments(), tracer: undefined, ...deaf };
  const core = new Core({ ...options, repositories: directories, models: ['*'] }, parts);
  try {
    const aspired = await core.load(signal);
    await Promise.race([core.registry.settled(), aborted(signal)]);
    signal.throwIfAborted();
    for (const status of core.registry.status()) for (const checked of checkedVersions(core, status, aspired)) onModel(checked);
  } catch (error) {
    await core.drain(AbortSignal.abort());
    throw error;
  }
  return core.drain(AbortSignal.abort());
};

function checkedVersions(core: Core, { model, reason, versions }: ModelStatus, aspired: readonly AspiredModel[]) {
  if (reason !== undefined) return [{ state: 'failed', model, version: undefined, reason: reason.message } as const];
  const source = aspired.find((candidate) => candidate.model === model);
  const warnings = source !== undefined && 'settings' in source ? source.settings.warnings : [];
  return versions.map((version) => checkedVersion(core, version, warnings));
}

function checkedVersion({ registry }: Core, { id: { model, version }, reason }: VersionStatus, warnings: readonly string[]) {
  if (reason !== undefined) return { state: 'failed', model, version, reason: reason.message } as const;
  using handle = registry.acquire(model, { kind: 'version', version });
  return { state: 'ready', model, version, spec: handle.servable.spec, warnings } as const;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
