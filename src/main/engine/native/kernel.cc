#include "kernel.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

namespace fcos {

namespace {

struct Kernel {
  Compute compute;
  int attribute;
};

struct Registration {
  Compute compute;
  const char* attribute;
};

std::map<std::string, Registration>& registrations() {
  static auto* all = new std::map<std::string, Registration>();
  return *all;
}

void* create(TF_OpKernelConstruction* construction) {
  const TF_StringView name = TF_OpKernelConstruction_GetName(construction);
  // An eager kernel is named after its operation.
  const Registration& registration = registrations().at(std::string(name.data, name.len));
  auto* kernel = new Kernel{registration.compute, 0};
  if (registration.attribute) {
    TF_Status* status = TF_NewStatus();
    TF_OpKernelConstruction_GetAttrInt32(construction, registration.attribute, &kernel->attribute, status);
    if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(construction, status);
    TF_DeleteStatus(status);
  }
  return kernel;
}

void compute(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const auto* self = static_cast<Kernel*>(kernel);
  self->compute(call, self->attribute);
}

void destroy(void* kernel) { delete static_cast<Kernel*>(kernel); }

// Registration happens once, while the module loads: a failure is a programming error.
void require(TF_Status* status, const char* name) {
  if (TF_GetCode(status) == TF_OK) return;
  std::fprintf(stderr, "cannot register %s: %s\n", name, TF_Message(status));
  std::abort();
}

Matrix matrixOf(TF_Tensor* tensor) {
  const int rank = TF_NumDims(tensor);
  const int64_t columns = rank == 0 ? 1 : TF_Dim(tensor, rank - 1);
  const int64_t size = TF_TensorElementCount(tensor);
  return {static_cast<float*>(TF_TensorData(tensor)), columns == 0 ? 0 : size / columns, columns};
}

}  // namespace

Call::~Call() {
  if (TF_GetCode(status_) != TF_OK) TF_OpKernelContext_Failure(context_, status_);
  for (TF_Tensor* tensor : inputs_) {
    if (tensor) TF_DeleteTensor(tensor);
  }
  for (TF_Tensor* tensor : outputs_) TF_DeleteTensor(tensor);
  TF_DeleteStatus(status_);
}

TF_Tensor* Call::tensor(int index) {
  if (inputs_.size() <= static_cast<size_t>(index)) inputs_.resize(index + 1, nullptr);
  if (!inputs_[index]) TF_GetInput(context_, index, &inputs_[index], status_);
  return inputs_[index];
}

Matrix Call::input(int index) { return matrixOf(tensor(index)); }

int64_t Call::inputDimension(int index, int dimension) { return TF_Dim(tensor(index), dimension); }

Matrix Call::inPlace(int input, int index) {
  TF_SetOutput(context_, index, tensor(input), status_);
  return matrixOf(tensor(input));
}

Matrix Call::allocate(int index, std::initializer_list<int64_t> shape) {
  std::vector<int64_t> dims(shape);
  int64_t size = 1;
  for (const int64_t dim : dims) size *= dim;
  TF_Tensor* output = TF_AllocateOutput(context_, index, TF_FLOAT, dims.data(), static_cast<int>(dims.size()),
                                        static_cast<size_t>(size) * sizeof(float), status_);
  outputs_.push_back(output);
  return matrixOf(output);
}

Matrix Call::allocateLike(int input, int index) {
  TF_Tensor* like = tensor(input);
  std::vector<int64_t> dims(TF_NumDims(like));
  for (size_t i = 0; i < dims.size(); ++i) dims[i] = TF_Dim(like, static_cast<int>(i));
  TF_Tensor* output = TF_AllocateOutput(context_, index, TF_FLOAT, dims.data(), static_cast<int>(dims.size()),
                                        TF_TensorByteSize(like), status_);
  outputs_.push_back(output);
  return matrixOf(output);
}

void registerOperation(const char* name, std::initializer_list<const char*> inputs,
                       std::initializer_list<const char*> outputs, const char* attribute, Compute compute_) {
  registrations()[name] = {compute_, attribute};
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(name);
  for (const char* input : inputs) TF_OpDefinitionBuilderAddInput(definition, (std::string(input) + ": float").c_str());
  for (const char* output : outputs) TF_OpDefinitionBuilderAddOutput(definition, (std::string(output) + ": float").c_str());
  if (attribute) TF_OpDefinitionBuilderAddAttr(definition, (std::string(attribute) + ": int").c_str());
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, &TF_ShapeInferenceContextSetUnknownShape);
  TF_RegisterOpDefinition(definition, status);
  require(status, name);
  TF_KernelBuilder* builder = TF_NewKernelBuilder(name, "CPU", &create, &compute, &destroy);
  TF_RegisterKernelBuilder(name, builder, status);
  require(status, name);
  TF_DeleteStatus(status);
}

}  // namespace fcos
