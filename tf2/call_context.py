"""Whether Keras is calling layers for training."""

from __future__ import annotations

from keras.src.backend.common import global_state


def is_training() -> bool:
    """Whether the call of the outermost Keras layer that is running now is one for training.

    Keras passes `training` only to a `call` that has this argument. The context of the call has it always, but Keras
    has no public function for it, and `Layer._get_call_context` would make a context where there is none.
    """
    context = global_state.get_global_attribute("current_call_ctx")
    return bool(getattr(context, "training", None))
