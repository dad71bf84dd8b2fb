import { describe, expect, it } from '@jest/globals';
import { cleanRuntimeText } from '../../../../src/backend/onnx/runtime-text.js';

const DIRECTORIES = ['/srv/models/m/1', '/mnt/disk/m/1'];

describe('cleanRuntimeText', () => {
  it.each([
    ['Load model from /srv/models/m/1/model.onnx failed:Protobuf parsing failed.', 'Protobuf parsing failed.'],
    [
      'Load model from /srv/models/m/1/model.onnx failed:/onnxruntime_src/onnxruntime/core/graph/model.cc:182 onnxruntime::Model::Model(ModelProto&&, const PathString&, bool) Unsupported model IR version: 99, max supported IR version: 13\n',
      'Unsupported model IR version: 99, max supported IR version: 13',
    ],
    [
      'External data path /mnt/disk/m/1/weights.bin is missing in /mnt/disk/m/1',
      'External data path weights.bin is missing in the version directory',
    ],
    [
      'External data path: "../w.bin" resolved path: "/srv/models/m/w.bin" allowed directory: "/srv/models/m/1"',
      'External data path: "../w.bin"',
    ],
    ["Node name: '/layer1/conv/Conv' is not a registered op", "Node name: '/layer1/conv/Conv' is not a registered op"],
  ])('%s', (text, clean) => {
    expect(cleanRuntimeText(text, DIRECTORIES)).toBe(clean);
  });
});
