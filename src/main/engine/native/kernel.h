// A thin C++ face over TensorFlow's C kernel API: operations on float32 CPU tensors in NHWC order.
//
// Several operations work in place: their first output is the buffer of their first input. TensorFlow's eager runtime
// never does that for a tensor that JavaScript still holds, so the caller must give that tensor up (see tensor/ops.ts).
#pragma once

#include <initializer_list>
#include <vector>

#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_tensor.h"

namespace fcos {

// A tensor seen as a matrix: every dimension but the last is a row.
struct Matrix {
  float* data = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t size() const { return rows * columns; }
};

class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}
  ~Call();
  Call(const Call&) = delete;

  Matrix input(int index);
  int64_t inputDimension(int index, int dimension);
  // Output `index` becomes the buffer of input `input`.
  Matrix inPlace(int input, int index);
  Matrix allocate(int index, std::initializer_list<int64_t> shape);
  Matrix allocateLike(int input, int index);

 private:
  TF_Tensor* tensor(int index);
  TF_OpKernelContext* context_;
  TF_Status* status_;
  std::vector<TF_Tensor*> inputs_;
  std::vector<TF_Tensor*> outputs_;
};

using Compute = void (*)(Call&, int attribute);

// Registers an operation whose inputs and outputs are named float tensors, with one optional integer attribute.
void registerOperation(const char* name, std::initializer_list<const char*> inputs,
                       std::initializer_list<const char*> outputs, const char* attribute, Compute compute);

}  // namespace fcos
