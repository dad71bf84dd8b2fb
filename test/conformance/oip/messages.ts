/** Messages of the protocol as proto-loader gives and takes them: fields by their proto names, 64-bit integers as decimal text. */

export interface Parameter {
  readonly bool_param?: boolean;
  readonly int64_param?: string;
  readonly string_param?: string;
  readonly double_param?: number;
  readonly uint64_param?: string;
}

export type Parameters = Readonly<Record<string, Parameter>>;

export interface Contents {
  readonly bool_contents?: readonly boolean[];
  readonly int_contents?: readonly number[];
  readonly int64_contents?: readonly string[];
  readonly uint_contents?: readonly number[];
  readonly uint64_contents?: readonly string[];
  readonly fp32_contents?: readonly number[];
  readonly fp64_contents?: readonly number[];
  readonly bytes_contents?: readonly Buffer[];
}

export interface InferInput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly string[];
  readonly parameters?: Parameters;
  readonly contents?: Contents | null;
}

export interface RequestedOutput {
  readonly name: string;
  readonly parameters?: Parameters;
}

export interface InferRequest {
  readonly model_name: string;
  readonly model_version?: string;
  readonly id?: string;
  readonly parameters?: Parameters;
  readonly inputs: readonly InferInput[];
  readonly outputs?: readonly RequestedOutput[];
  readonly raw_input_contents?: readonly Buffer[];
}

export interface InferOutput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly string[];
  readonly parameters: Parameters;
  readonly contents: Contents | null;
}

export interface InferResponse {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly parameters: Parameters;
  readonly outputs: readonly InferOutput[];
  readonly raw_output_contents: readonly Buffer[];
}

export interface StreamResponse {
  readonly error_message: string;
  readonly infer_response: InferResponse | null;
}

export interface ServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly string[];
}

export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

export interface ConfigTensor {
  readonly name: string;
  /** "TYPE_FP32"; BYTES is "TYPE_STRING". */
  readonly data_type: string;
  readonly dims: readonly string[];
  readonly optional?: boolean;
}

export interface ModelConfig {
  readonly name: string;
  readonly max_batch_size: number;
  readonly input: readonly ConfigTensor[];
  readonly output: readonly ConfigTensor[];
  readonly model_transaction_policy: { readonly decoupled: boolean } | null;
}

export interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly reason: string;
}

export interface Duration {
  readonly count: string;
  readonly ns: string;
}

export interface ModelStatistics {
  readonly name: string;
  readonly version: string;
  readonly last_inference: string;
  readonly inference_count: string;
  readonly execution_count: string;
  readonly inference_stats: Readonly<
    Record<'success' | 'fail' | 'queue' | 'compute_input' | 'compute_infer' | 'compute_output', Duration | null>
  > | null;
  readonly batch_stats: readonly { readonly batch_size: string; readonly compute_infer: Duration | null }[];
}
