import numpy as np
import tritonclient.grpc as grpcclient
from client_test_case import ClientTestCase, infer_input
from repository import LABELS


class Classification(ClientTestCase):
    def classes(self, model, name, array, output, count):
        result = self.client.infer(
            model, [infer_input(name, array)], outputs=[grpcclient.InferRequestedOutput(output, class_count=count)]
        )
        self.assertEqual(result.get_output(output).datatype, "BYTES")
        return [[entry.decode().split(":") for entry in row] for row in result.as_numpy(output)]

    def test_the_best_classes_of_each_row_with_their_labels(self):
        array = np.array([[0.25, 0.5, 0.125, 1.0], [4.0, 3.0, 2.0, 1.0]], dtype=np.float32)
        first, second = self.classes("labelled", "INPUT0", array, "OUTPUT0", 3)
        best = [(float(value), index, label) for value, index, label in first]
        self.assertEqual(best, [(1.0, "3", "west"), (0.5, "1", "east"), (0.25, "0", "north")])
        self.assertEqual([label for _, _, label in second], list(LABELS[:3]))

    def test_without_labels_there_is_no_third_part(self):
        array = np.zeros([1, 64], dtype=np.float32)
        [row] = self.classes("digits", "image", array, "probabilities", 2)
        self.assertEqual([len(entry) for entry in row], [2, 2])
        self.assertGreaterEqual(float(row[0][0]), float(row[1][0]))

    def test_more_classes_than_there_are(self):
        array = np.array([[1.0, 2.0, 3.0, 4.0]], dtype=np.float32)
        [row] = self.classes("labelled", "INPUT0", array, "OUTPUT0", 100)
        self.assertEqual([index for _, index, _ in row], ["3", "2", "1", "0"])

    def test_beside_an_ordinary_output(self):
        array = np.zeros([1, 64], dtype=np.float32)
        wanted = [grpcclient.InferRequestedOutput("label"), grpcclient.InferRequestedOutput("probabilities", class_count=1)]
        result = self.client.infer("digits", [infer_input("image", array)], outputs=wanted)
        best = result.as_numpy("probabilities")[0][0].decode().split(":")
        self.assertEqual(best[1], str(result.as_numpy("label").item()))
