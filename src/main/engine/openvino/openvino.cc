// A model on OpenVINO's CPU plugin, for JavaScript: compile(), infer(), version(). Written against OpenVINO's C API, whose
// library comes out of its Python wheel. Compiling and inference run on libuv's threads.
#include <node_api.h>

#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "openvino/c/openvino.h"

namespace {

// A failed call of OpenVINO, with its message.
struct Failure {
  std::string message;
};

void check(ov_status_e status, const char* what) {
  if (status == ov_status_e::OK) return;
  const char* said = ov_get_last_err_msg();
  std::string message = said && *said ? said : "status " + std::to_string(status);
  ov_free(said);
  throw Failure{std::string(what) + ": " + message};
}

// One for the process. It keeps the plugin loaded, so it is never freed.
ov_core_t* core() {
  static std::mutex mutex;
  static ov_core_t* created = nullptr;
  const std::lock_guard<std::mutex> lock(mutex);
  if (!created) check(ov_core_create(&created), "OpenVINO does not start");
  return created;
}

struct Output {
  std::string name;
  std::vector<float> values;
};

// A compiled model with one request, which runs one batch at a time.
class Model {
 public:
  Model(const char* onnx, size_t bytes, const std::string& precision, const std::string& threads) {
    ov_model_t* model = nullptr;
    check(ov_core_read_model_from_memory_buffer(core(), onnx, bytes, nullptr, &model), "The model cannot be read");
    std::vector<ov_property_t> properties = {{"INFERENCE_PRECISION_HINT", precision.c_str()},
                                             {"PERFORMANCE_HINT", "LATENCY"}};
    properties.push_back({"ENABLE_CPU_PINNING", "NO"});
    if (!threads.empty()) properties.push_back({"INFERENCE_NUM_THREADS", threads.c_str()});
    const ov_status_e status =
        ov_core_compile_model_props(core(), model, "CPU", properties.size(), properties.data(), &compiled_);
    ov_model_free(model);
    check(status, "The model cannot be compiled");
    try {
      check(ov_compiled_model_create_infer_request(compiled_, &request_), "The model cannot be run");
    } catch (...) {
      free();
      throw;
    }
  }
  ~Model() { free(); }
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  // The property as the plugin has set it, which can differ from what was asked for.
  std::string property(const char* key) const {
    char* value = nullptr;
    check(ov_compiled_model_get_property(compiled_, key, &value), key);
    const std::string copy = value;
    ov_free(value);
    return copy;
  }

  std::vector<Output> infer(float* input, std::vector<int64_t>& shape, const std::vector<std::string>& names) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ov_tensor_t* tensor = nullptr;
    const ov_shape_t dims = {static_cast<int64_t>(shape.size()), shape.data()};
    check(ov_tensor_create_from_host_ptr(ov_element_type_e::F32, dims, input, &tensor), "The input");
    ov_status_e status = ov_infer_request_set_input_tensor(request_, tensor);
    if (status == ov_status_e::OK) status = ov_infer_request_infer(request_);
    ov_tensor_free(tensor);
    check(status, "The network");
    std::vector<Output> found;
    for (const std::string& name : names) found.push_back({name, values_of(name)});
    return found;
  }

 private:
  std::vector<float> values_of(const std::string& name) const {
    ov_tensor_t* tensor = nullptr;
    check(ov_infer_request_get_tensor(request_, name.c_str(), &tensor), name.c_str());
    ov_element_type_e type = ov_element_type_e::DYNAMIC;
    size_t count = 0;
    void* data = nullptr;
    ov_status_e status = ov_tensor_get_element_type(tensor, &type);
    if (status == ov_status_e::OK) status = ov_tensor_get_size(tensor, &count);
    if (status == ov_status_e::OK && count > 0) status = ov_tensor_data(tensor, &data);
    std::vector<float> values;
    if (status == ov_status_e::OK && type == ov_element_type_e::F32 && count > 0)
      values.assign(static_cast<float*>(data), static_cast<float*>(data) + count);
    ov_tensor_free(tensor);
    check(status, name.c_str());
    if (type != ov_element_type_e::F32) throw Failure{"Output " + name + " is not float32"};
    return values;
  }

  void free() {
    if (request_) ov_infer_request_free(request_);
    if (compiled_) ov_compiled_model_free(compiled_);
    request_ = nullptr;
    compiled_ = nullptr;
  }

  std::mutex mutex_;
  ov_compiled_model_t* compiled_ = nullptr;
  ov_infer_request_t* request_ = nullptr;
};

using ModelPointer = std::shared_ptr<Model>;

// Work on another thread that settles a promise. It keeps a reference to the array that it reads.
struct Work {
  virtual ~Work() = default;
  virtual void run() = 0;
  virtual napi_value result(napi_env env) = 0;

  napi_async_work work = nullptr;
  napi_deferred deferred = nullptr;
  napi_ref array = nullptr;
  std::string error;
};

void execute(napi_env, void* data) {
  Work& work = *static_cast<Work*>(data);
  try {
    work.run();
  } catch (const Failure& failure) {
    work.error = failure.message;
  } catch (const std::exception& exception) {
    work.error = exception.what();
  } catch (...) {
    work.error = "OpenVINO failed without a message";
  }
}

napi_value error_of(napi_env env, const std::string& text) {
  napi_value message, error;
  napi_create_string_utf8(env, text.data(), text.size(), &message);
  napi_create_error(env, nullptr, message, &error);
  return error;
}

void complete(napi_env env, napi_status status, void* data) {
  const std::unique_ptr<Work> work(static_cast<Work*>(data));
  if (status != napi_ok && work->error.empty()) work->error = "The work was cancelled";
  if (work->error.empty()) napi_resolve_deferred(env, work->deferred, work->result(env));
  else napi_reject_deferred(env, work->deferred, error_of(env, work->error));
  napi_delete_reference(env, work->array);
  napi_delete_async_work(env, work->work);
}

napi_value start(napi_env env, std::unique_ptr<Work> work, napi_value array, const char* title) {
  napi_value promise, name;
  napi_create_reference(env, array, 1, &work->array);
  napi_create_promise(env, &work->deferred, &promise);
  napi_create_string_utf8(env, title, NAPI_AUTO_LENGTH, &name);
  Work* const data = work.release();
  napi_create_async_work(env, nullptr, name, execute, complete, data, &data->work);
  napi_queue_async_work(env, data->work);
  return promise;
}

napi_value refuse(napi_env env, const char* message) {
  napi_throw_type_error(env, nullptr, message);
  return nullptr;
}

std::string text_of(napi_env env, napi_value value) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return "";
  std::string text(length + 1, '\0');
  napi_get_value_string_utf8(env, value, text.data(), text.size(), &length);
  text.resize(length);
  return text;
}

struct Compile final : Work {
  void run() override { model = std::make_shared<Model>(onnx, bytes, precision, threads); }
  napi_value result(napi_env env) override {
    napi_value handle;
    napi_create_external(
        env, new ModelPointer(model), [](napi_env, void* data, void*) { delete static_cast<ModelPointer*>(data); },
        nullptr, &handle);
    return handle;
  }

  const char* onnx = nullptr;
  size_t bytes = 0;
  std::string precision;
  std::string threads;
  ModelPointer model;
};

// compile(model: Uint8Array, precision: string, threads: string): Promise<handle>; no threads: as OpenVINO chooses.
napi_value compile(napi_env env, napi_callback_info info) {
  size_t count = 3;
  napi_value given[3];
  napi_get_cb_info(env, info, &count, given, nullptr, nullptr);
  napi_typedarray_type type;
  void* data = nullptr;
  auto work = std::make_unique<Compile>();
  if (count < 3 || napi_get_typedarray_info(env, given[0], &type, &work->bytes, &data, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array)
    return refuse(env, "compile(model: Uint8Array, precision: string, threads: string)");
  work->onnx = static_cast<const char*>(data);
  work->precision = text_of(env, given[1]);
  work->threads = text_of(env, given[2]);
  return start(env, std::move(work), given[0], "OpenVINO compile");
}

struct Infer final : Work {
  void run() override { found = model->infer(input, shape, names); }
  napi_value result(napi_env env) override {
    napi_value outputs;
    napi_create_object(env, &outputs);
    for (const auto& [name, values] : found) {
      void* data = nullptr;
      napi_value buffer, array;
      napi_create_arraybuffer(env, values.size() * sizeof(float), &data, &buffer);
      if (!values.empty()) std::memcpy(data, values.data(), values.size() * sizeof(float));
      napi_create_typedarray(env, napi_float32_array, values.size(), buffer, 0, &array);
      napi_set_named_property(env, outputs, name.c_str(), array);
    }
    return outputs;
  }

  ModelPointer model;
  float* input = nullptr;
  std::vector<int64_t> shape;
  std::vector<std::string> names;
  std::vector<Output> found;
};

ModelPointer* model_of(napi_env env, napi_value handle) {
  void* data = nullptr;
  if (napi_get_value_external(env, handle, &data) != napi_ok) return nullptr;
  return static_cast<ModelPointer*>(data);
}

// infer(handle, input: Float32Array, shape: number[], outputs: string[]): Promise<{ [output]: Float32Array }>
napi_value infer(napi_env env, napi_callback_info info) {
  const char* const usage =
      "infer(handle, input: Float32Array, shape: number[], outputs: string[]), of a model that was not released";
  size_t count = 4;
  napi_value given[4];
  napi_get_cb_info(env, info, &count, given, nullptr, nullptr);
  auto work = std::make_unique<Infer>();
  ModelPointer* const model = count < 4 ? nullptr : model_of(env, given[0]);
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  uint32_t rank = 0, outputs = 0;
  if (!model || !*model ||
      napi_get_typedarray_info(env, given[1], &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_float32_array || napi_get_array_length(env, given[2], &rank) != napi_ok ||
      napi_get_array_length(env, given[3], &outputs) != napi_ok)
    return refuse(env, usage);
  size_t needed = 1;
  for (uint32_t i = 0; i < rank; i++) {
    napi_value element;
    int64_t size = 0;
    napi_get_element(env, given[2], i, &element);
    if (napi_get_value_int64(env, element, &size) != napi_ok || size < 0) return refuse(env, usage);
    work->shape.push_back(size);
    needed *= static_cast<size_t>(size);
  }
  if (needed != length) return refuse(env, "The input does not have as many values as its shape");
  for (uint32_t i = 0; i < outputs; i++) {
    napi_value element;
    napi_get_element(env, given[3], i, &element);
    work->names.push_back(text_of(env, element));
  }
  work->model = *model;
  work->input = static_cast<float*>(data);
  return start(env, std::move(work), given[1], "OpenVINO infer");
}

// precision(handle): string, which the CPU plugin computes in.
napi_value precision(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value given[1];
  napi_get_cb_info(env, info, &count, given, nullptr, nullptr);
  ModelPointer* const model = count < 1 ? nullptr : model_of(env, given[0]);
  if (!model || !*model) return refuse(env, "precision(handle), of a model that was not released");
  try {
    napi_value text;
    const std::string value = (*model)->property("INFERENCE_PRECISION_HINT");
    napi_create_string_utf8(env, value.data(), value.size(), &text);
    return text;
  } catch (const Failure& failure) {
    napi_throw(env, error_of(env, failure.message));
    return nullptr;
  }
}

// release(handle): the memory is freed once a running infer() has ended.
napi_value release(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value given[1];
  napi_get_cb_info(env, info, &count, given, nullptr, nullptr);
  if (ModelPointer* const model = count < 1 ? nullptr : model_of(env, given[0])) model->reset();
  return nullptr;
}

}  // namespace

NAPI_MODULE_INIT() {
  const struct {
    const char* name;
    napi_callback function;
  } functions[] = {{"compile", compile}, {"infer", infer}, {"precision", precision}, {"release", release}};
  for (const auto& [name, function] : functions) {
    napi_value value;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value);
    napi_set_named_property(env, exports, name, value);
  }
  ov_version_t version = {};
  if (ov_get_openvino_version(&version) == ov_status_e::OK) {
    napi_value text;
    napi_create_string_utf8(env, version.buildNumber, NAPI_AUTO_LENGTH, &text);
    napi_set_named_property(env, exports, "version", text);
    ov_version_free(&version);
  }
  return exports;
}
