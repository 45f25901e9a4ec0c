"""Classes of outputs, and labels that are classes."""

import numpy as np
import pytest

from tfapprox.common.classes import class_labels, classes, right_classes


def test_classes_of_several_places():
    outputs = np.zeros((2, 3, 4))
    outputs[1, 2] = [0, 5, np.inf, 0]
    outputs[0, 1, 3] = 1
    np.testing.assert_array_equal(classes(outputs), [[0, 3, 0], [0, 0, -1]])
    with pytest.raises(ValueError, match=r"measure must be given .* received outputs of shape \(2, 1\)"):
        classes(np.zeros((2, 1)))


@pytest.mark.parametrize(
    "labels", [[2, 0], [[2], [0]], [2.0, 0.0], np.eye(3)[[2, 0]], [[0.1, 0.2, 0.7], [0.5, 0.4, 0.1]]]
)
def test_forms_of_labels(labels):
    found = class_labels(labels, [2, 3])
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, [2, 0])
    np.testing.assert_array_equal(class_labels(labels, [2, 1, 1, 3]), [[[2]], [[0]]])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0.5, 1], "from 0 to 2; received a label 0.5"),
        ([1, 3], "from 0 to 2; received a label 3"),
        ([1, np.nan], "from 0 to 2; received a label nan"),
        (["a", "b"], "numbers of classes; received labels of type <U1"),
        ([1j, 0], "numbers of classes; received labels of type complex128"),
        ([["a", "b", "c"]] * 2, "numbers of classes; received labels of type <U1"),
        ([[0, np.nan, 1], [1, 0, 0]], "finite; received NaN or infinite ones"),
        ([1, 2, 0], r"labels of shape \(2,\) or \(2, 3\); received \(3,\)"),
    ],
)
def test_labels_that_are_no_classes(labels, message):
    with pytest.raises(ValueError, match=f"data must have .*{message}"):
        class_labels(labels, [2, 3])


@pytest.mark.parametrize("shape", [(2, 4, 3), (12, 2), (24,), (2, 5, 3, 4), (2, 4, 5, 3)])
def test_labels_of_axes_in_another_order(shape):
    with pytest.raises(ValueError, match=r"labels of shape \(2, 3, 4\) or \(2, 3, 4, 5\)"):
        class_labels(np.zeros(shape, int), [2, 3, 4, 5])


def test_no_class_is_a_label():
    assert class_labels([-1, 2], [2, 3]).tolist() == [-1, 2]
    outputs = np.array([[np.nan, 1, 0], [0, 0, 1]])
    assert right_classes(outputs, [-1, 2]).tolist() == [False, True]
