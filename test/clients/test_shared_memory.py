import os
import uuid

import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.utils.shared_memory as shm
from client_test_case import ClientTestCase
from tritonclient.utils import InferenceServerException, serialize_byte_tensor, serialized_byte_size, triton_to_np_dtype


class SystemSharedMemory(ClientTestCase):
    def setUp(self):
        super().setUp()
        self.names = []
        self.addCleanup(self.client.unregister_system_shared_memory)

    def region(self, byte_size, register=True):
        """A region of this process, and its name at the server."""
        name, key = f"region_{len(self.names)}", f"/millrace_{os.getpid()}_{uuid.uuid4().hex[:8]}"
        self.names.append(name)
        handle = shm.create_shared_memory_region(name, key, byte_size)
        self.addCleanup(shm.destroy_shared_memory_region, handle)
        if register:
            self.client.register_system_shared_memory(name, key, byte_size)
        return handle, name, key

    def tensors(self, datatype, shape, source, source_size, target, target_size):
        given = grpcclient.InferInput("INPUT0", shape, datatype)
        given.set_shared_memory(source, source_size)
        wanted = grpcclient.InferRequestedOutput("OUTPUT0")
        wanted.set_shared_memory(target, target_size)
        return [given], [wanted]

    def test_inputs_and_outputs(self):
        array = np.arange(64, dtype=np.float32).reshape(4, 16)
        source, source_name, _ = self.region(array.nbytes)
        target, target_name, _ = self.region(array.nbytes)
        shm.set_shared_memory_region(source, [array])
        given, wanted = self.tensors("FP32", [4, 16], source_name, array.nbytes, target_name, array.nbytes)
        result = self.client.infer("identity_fp32", given, outputs=wanted)
        output = result.get_output("OUTPUT0")
        self.assertEqual(list(result.get_response().raw_output_contents), [b""])
        back = shm.get_contents_as_numpy(target, triton_to_np_dtype(output.datatype), list(output.shape))
        self.assertTrue(np.array_equal(back, array))

    def test_strings(self):
        array = np.array([[b"one", b"\xff\x00", b""]], dtype=np.object_)
        serialized = serialize_byte_tensor(array)
        size = serialized_byte_size(serialized)
        source, source_name, _ = self.region(size)
        target, target_name, _ = self.region(size)
        shm.set_shared_memory_region(source, [serialized])
        given, wanted = self.tensors("BYTES", [1, 3], source_name, size, target_name, size)
        self.client.infer("identity_bytes", given, outputs=wanted)
        self.assertEqual(shm.get_contents_as_numpy(target, np.object_, [1, 3]).tolist(), array.tolist())

    def test_offsets_and_two_tensors_in_one_region(self):
        first, second = np.arange(16, dtype=np.float32).reshape(1, 16), np.arange(16, 32, dtype=np.int32).reshape(1, 16)
        source, name, _ = self.region(128)
        shm.set_shared_memory_region(source, [first, second])
        inputs = [grpcclient.InferInput("INPUT0", [1, 16], "FP32"), grpcclient.InferInput("INPUT1", [1, 16], "INT32")]
        inputs[0].set_shared_memory(name, 64)
        inputs[1].set_shared_memory(name, 64, offset=64)
        result = self.client.infer("pair", inputs)
        self.assertTrue(np.array_equal(result.as_numpy("OUTPUT0"), first))
        self.assertTrue(np.array_equal(result.as_numpy("OUTPUT1"), second))

    def test_an_input_of_its_own_beside_one_in_memory(self):
        """Raw contents are there only for the inputs that are not in shared memory."""
        second = np.arange(16, dtype=np.int32).reshape(1, 16)
        source, name, _ = self.region(64)
        shm.set_shared_memory_region(source, [np.ones([1, 16], dtype=np.float32)])
        inputs = [grpcclient.InferInput("INPUT0", [1, 16], "FP32"), grpcclient.InferInput("INPUT1", [1, 16], "INT32")]
        inputs[0].set_shared_memory(name, 64)
        inputs[1].set_data_from_numpy(second)
        result = self.client.infer("pair", inputs)
        self.assertEqual(result.as_numpy("OUTPUT0").tolist(), [[1] * 16])
        self.assertTrue(np.array_equal(result.as_numpy("OUTPUT1"), second))

    def test_status(self):
        _, name, key = self.region(256)
        status = self.client.get_system_shared_memory_status(name).regions[name]
        self.assertEqual((status.name, status.key, status.offset, status.byte_size), (name, key, 0, 256))
        every = self.client.get_system_shared_memory_status(as_json=True)
        self.assertEqual(every["regions"][name]["byte_size"], "256")

    def test_unregister_one_and_all(self):
        _, first, _ = self.region(64)
        _, second, _ = self.region(64)
        self.client.unregister_system_shared_memory(first)
        self.assertEqual(set(self.client.get_system_shared_memory_status().regions), {second})
        self.client.unregister_system_shared_memory()
        self.assertEqual(set(self.client.get_system_shared_memory_status().regions), set())

    def test_a_name_that_is_taken(self):
        _, name, key = self.region(64)
        with self.assertRaisesRegex(InferenceServerException, f"ALREADY_EXISTS.* shared memory region '{name}' already in manager"):
            self.client.register_system_shared_memory(name, key, 64)

    def test_a_key_that_is_not_there(self):
        text = "Unable to open shared memory region: '/nowhere'"
        self.refused("INTERNAL", text, self.client.register_system_shared_memory, "none", "/nowhere", 64)

    def test_an_unregistered_region(self):
        given, _ = self.tensors("FP32", [1, 1], "unknown", 4, "unknown", 4)
        self.refused("NOT_FOUND", "Unable to find shared memory region: 'unknown'", self.client.infer, "identity_fp32", given)

    def test_beyond_the_region(self):
        _, name, _ = self.region(64)
        given = grpcclient.InferInput("INPUT0", [1, 16], "FP32")
        given.set_shared_memory(name, 64, offset=32)
        text = f"Invalid offset + byte size for shared memory region: '{name}'"
        self.refused("INVALID_ARGUMENT", text, self.client.infer, "identity_fp32", [given])


class CudaSharedMemory(ClientTestCase):
    def test_is_refused(self):
        register, status, unregister = (f"CudaSharedMemory{name} is not supported" for name in ("Register", "Status", "Unregister"))
        self.refused("UNIMPLEMENTED", register, self.client.register_cuda_shared_memory, "gpu", b"AAAA", 0, 64)
        self.refused("UNIMPLEMENTED", status, self.client.get_cuda_shared_memory_status)
        self.refused("UNIMPLEMENTED", unregister, self.client.unregister_cuda_shared_memory)
