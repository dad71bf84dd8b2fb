import { cut } from '../error/quote.js';
import { invalidRequest } from '../error/serving-error.js';
import { GRPCInferenceServiceDefinition } from '../gen/inference/grpc_service.js';
import type { LogSettingsRequest, LogSettingsResponse, TraceSettingRequest, TraceSettingResponse } from '../gen/inference/settings.js';
import type { Call, Method } from '../grpc/call.js';
import { NEWEST } from '../model/id.js';
import { assertMayControl, type ControlAccess } from '../serving/control-guard.js';
import type { LogSettings } from '../serving/log-settings.js';
import type { Readiness } from '../serving/readiness.js';
import type { TraceSettings } from '../serving/trace-settings.js';
import { formatLogSettings, formatTraceSettings, parseLogChange, parseTraceChange } from '../wire/oip-settings.js';
import { methodOf } from './method.js';

/** What callers may set while the server runs. Everybody may read it. */
export interface SettingsPlane {
  readonly trace: TraceSettings;
  readonly log: LogSettings;
  /** Who may write. */
  readonly access: ControlAccess;
}

const MAX_NAME_CHARS = 80;

/** TraceSetting and LogSettings of `inference.GRPCInferenceService`. A message without settings reads. */
export function settingsMethods(plane: SettingsPlane, readiness: Readiness): Method[] {
  const { traceSetting, logSettings } = GRPCInferenceServiceDefinition.methods;
  const trace: Method<TraceSettingRequest, TraceSettingResponse> = {
    ...methodOf(GRPCInferenceServiceDefinition, traceSetting),
    kind: 'unary',
    admission: 'open',
    handle: async (message, call) => setTrace(plane, readiness, message, call),
  };
  const log: Method<LogSettingsRequest, LogSettingsResponse> = {
    ...methodOf(GRPCInferenceServiceDefinition, logSettings),
    kind: 'unary',
    admission: 'open',
    handle: async ({ settings }, call) => setLog(plane, settings, call),
  };
  return [trace, log];
}

function setTrace({ trace, access }: SettingsPlane, readiness: Readiness, message: TraceSettingRequest, call: Call): TraceSettingResponse {
  const { settings, modelName } = message;
  const writes = hasSettings(settings);
  if (writes) assertMayControl(access, call.peer);
  if (modelName !== '' && !readiness.modelReady(modelName, NEWEST)) throw unknownModel(modelName);
  const model = modelName === '' ? undefined : modelName;
  if (writes) trace.change(model, parseTraceChange(settings));
  return formatTraceSettings(trace.read(model));
}

function setLog({ log, access }: SettingsPlane, settings: LogSettingsRequest['settings'], { peer }: Call): LogSettingsResponse {
  if (hasSettings(settings)) {
    assertMayControl(access, peer);
    log.change(parseLogChange(settings));
  }
  return formatLogSettings(log.read());
}

function hasSettings(settings: object): boolean {
  return Object.keys(settings).length > 0;
}

/** Triton's words: the name stands without quotes. */
function unknownModel(name: string): Error {
  return invalidRequest(`Request for unknown model : ${cut(name, MAX_NAME_CHARS)}`);
}
