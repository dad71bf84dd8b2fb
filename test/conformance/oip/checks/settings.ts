import { assert, assertEqual, type Check, show } from '../check.js';
import { type Ground, needExtension } from '../ground.js';
import { granted, refused } from '../reply.js';
import { section } from '../section.js';
import { UNKNOWN_MODEL } from './unknown.js';

const TRACE = section('Triton protocol', 'extension_trace.md');
const LOGGING = section('Triton protocol', 'extension_logging.md');
const UNKNOWN_SETTING = 'oip_conformance_no_such_setting';

type Settings<V> = Readonly<Record<string, V>>;

/** A oneof: the loader names the field that is set. */
interface LogValue {
  readonly parameter_choice?: string;
}

/** By the names that Triton's server and its tests have: its document writes log_warnings and log_errors. */
const LOG_TYPES: Settings<string> = {
  log_info: 'bool_param',
  log_warning: 'bool_param',
  log_error: 'bool_param',
  log_verbose_level: 'uint32_param',
  log_format: 'string_param',
};

async function settingsOf<V>(ground: Ground, rpc: 'TraceSetting' | 'LogSettings'): Promise<Settings<V>> {
  return granted(await ground.target.ask<{ settings: Settings<V> }>(rpc, {}), rpc).settings;
}

export const SETTINGS_CHECKS: readonly Check[] = [
  {
    id: 'trace.read',
    title: 'TraceSetting without settings tells trace_level, trace_rate, trace_count and log_frequency',
    level: 'triton',
    section: TRACE,
    run: async (ground) => {
      needExtension(ground, 'trace');
      const settings = await settingsOf(ground, 'TraceSetting');
      const missing = ['trace_level', 'trace_rate', 'trace_count', 'log_frequency'].filter((name) => !Object.hasOwn(settings, name));
      assertEqual('settings that are missing', missing, []);
    },
  },
  {
    id: 'trace.unknown-setting',
    title: 'TraceSetting of a setting that is none is refused',
    level: 'triton',
    section: TRACE,
    run: async (ground) => {
      needExtension(ground, 'trace');
      const settings = { [UNKNOWN_SETTING]: { value: ['1'] } };
      refused(await ground.target.ask('TraceSetting', { settings }), `setting ${UNKNOWN_SETTING}`);
    },
  },
  {
    id: 'trace.unknown-model',
    title: 'TraceSetting of a model that is not there is refused',
    level: 'triton',
    section: TRACE,
    run: async (ground) => {
      needExtension(ground, 'trace');
      refused(await ground.target.ask('TraceSetting', { model_name: UNKNOWN_MODEL }), `model ${UNKNOWN_MODEL}`);
    },
  },
  {
    id: 'logging.read',
    title: 'LogSettings without settings tells them all, each as its type',
    level: 'triton',
    section: LOGGING,
    run: async (ground) => {
      needExtension(ground, 'logging');
      const settings = await settingsOf<LogValue>(ground, 'LogSettings');
      for (const [name, type] of Object.entries(LOG_TYPES)) {
        assert(settings[name]?.parameter_choice === type, `${name} as ${type}`, show(settings[name]));
      }
    },
  },
  {
    id: 'logging.unknown-setting',
    title: 'LogSettings of a setting that is none is refused',
    level: 'triton',
    section: LOGGING,
    run: async (ground) => {
      needExtension(ground, 'logging');
      const settings = { [UNKNOWN_SETTING]: { bool_param: true } };
      refused(await ground.target.ask('LogSettings', { settings }), `setting ${UNKNOWN_SETTING}`);
    },
  },
  {
    id: 'logging.wrong-type',
    title: 'LogSettings of another type than the setting has is refused',
    level: 'triton',
    section: LOGGING,
    run: async (ground) => {
      needExtension(ground, 'logging');
      const settings = { log_verbose_level: { string_param: 'loud' } };
      refused(await ground.target.ask('LogSettings', { settings }), "log_verbose_level 'loud'");
    },
  },
];
