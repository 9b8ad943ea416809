"""Trains the convolutional model of mnist_deep.py, with summaries to look at and flags to set.

Takes the flags of mnist_with_summaries.py and logs the same scalars below --log_dir: accuracy_1 and
cross_entropy_1, in `train` for batches and in `test` for the test images.
"""
import argparse
import os
import sys

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

# The model's own script stands in the package where it stands in TensorFlow's sources.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'tensorflow', 'examples', 'tutorials', 'mnist'))
import mnist_deep

FLAGS = None

BATCH_SIZE = 50
TEST_INTERVAL = 100
TEST_BATCH_SIZE = 500


def build_model(images, labels):
  """The network, its loss, its accuracy and the placeholder of its dropout."""
  logits, keep_prob = mnist_deep.deepnn(images)
  loss = tf.reduce_mean(
      tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits))
  is_right = tf.equal(tf.argmax(logits, 1), tf.argmax(labels, 1))
  accuracy = tf.reduce_mean(tf.cast(is_right, tf.float32))
  return loss, accuracy, keep_prob


def add_scalars(writer, step, accuracy, loss):
  writer.add_summary(tf.Summary(value=[
      tf.Summary.Value(tag='accuracy_1', simple_value=accuracy),
      tf.Summary.Value(tag='cross_entropy_1', simple_value=loss),
  ]), step)


def test(session, run, dataset):
  """Mean accuracy and loss over a data set, which is too large for one pass."""
  accuracy = loss = count = 0
  for begin in range(0, len(dataset.images), TEST_BATCH_SIZE):
    images = dataset.images[begin:begin + TEST_BATCH_SIZE]
    labels = dataset.labels[begin:begin + TEST_BATCH_SIZE]
    batch_accuracy, batch_loss = run(session, images, labels)
    accuracy += batch_accuracy * len(images)
    loss += batch_loss * len(images)
    count += len(images)
  return accuracy / count, loss / count


def train():
  mnist = input_data.read_data_sets(FLAGS.data_dir, one_hot=True, fake_data=FLAGS.fake_data)
  images = tf.placeholder(tf.float32, [None, 784])
  labels = tf.placeholder(tf.float32, [None, 10])
  loss, accuracy, keep_prob = build_model(images, labels)
  step_op = tf.train.AdamOptimizer(FLAGS.learning_rate).minimize(loss)

  def evaluate(session, some_images, some_labels):
    return session.run([accuracy, loss],
                       {images: some_images, labels: some_labels, keep_prob: 1.0})

  with tf.Session() as session:
    train_writer = tf.summary.FileWriter(os.path.join(FLAGS.log_dir, 'train'), session.graph)
    test_writer = tf.summary.FileWriter(os.path.join(FLAGS.log_dir, 'test'))
    session.run(tf.global_variables_initializer())
    for step in range(FLAGS.max_steps):
      if step % TEST_INTERVAL == 0:
        test_accuracy, test_loss = test(session, evaluate, mnist.test)
        add_scalars(test_writer, step, test_accuracy, test_loss)
        print('Accuracy at step %s: %s' % (step, test_accuracy))
      some_images, some_labels = mnist.train.next_batch(BATCH_SIZE, fake_data=FLAGS.fake_data)
      _, batch_accuracy, batch_loss = session.run(
          [step_op, accuracy, loss],
          {images: some_images, labels: some_labels, keep_prob: FLAGS.dropout})
      add_scalars(train_writer, step, batch_accuracy, batch_loss)
    train_writer.close()
    test_writer.close()


def main(_):
  tf.gfile.MakeDirs(FLAGS.log_dir)
  train()


if __name__ == '__main__':
  parser = argparse.ArgumentParser()
  parser.add_argument('--fake_data', nargs='?', const=True, type=bool, default=False,
                      help='If true, uses fake data for unit testing.')
  parser.add_argument('--max_steps', type=int, default=20000,
                      help='Number of steps to run trainer.')
  parser.add_argument('--learning_rate', type=float, default=1e-4,
                      help='Initial learning rate')
  parser.add_argument('--dropout', type=float, default=0.5,
                      help='Keep probability for training dropout.')
  parser.add_argument('--data_dir', type=str, default='data',
                      help='Directory for storing input data')
  parser.add_argument('--log_dir', type=str, default='logs',
                      help='Summaries log directory')
  FLAGS, unparsed = parser.parse_known_args()
  tf.app.run(main=main, argv=[sys.argv[0]] + unparsed)
