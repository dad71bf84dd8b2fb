import type { SettingsPlane } from '../../src/services/oip-settings.js';
import type { ControlAccess } from '../../src/serving/control-guard.js';
import { LogSettings } from '../../src/serving/log-settings.js';
import { TraceSettings } from '../../src/serving/trace-settings.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { LogBook } from './log-book.js';

/** Settings of a server that traces every call and logs nobody reads. */
export function settingsPlane(access: ControlAccess = 'local'): SettingsPlane {
  const log = new LogSettings(createLogger({ level: 'info', destination: new LogBook() }));
  return { trace: new TraceSettings({ parentBased: true, ratio: 1 }, () => undefined), log, access };
}
