// Stands for tfjs-node's binding and OpenVINO's add-on in the tests of setup: it loads, and answers what the self-checks ask.
#include <cstdlib>
#include <node_api.h>

static napi_value IsUsingGpuDevice(napi_env env, napi_callback_info) {
  napi_value result;
  napi_get_boolean(env, std::getenv("FAKE_GPU_UNUSED") == nullptr, &result);
  return result;
}

NAPI_MODULE_INIT() {
  napi_value version, gpu;
  napi_create_string_utf8(env, "0.0.1", NAPI_AUTO_LENGTH, &version);
  napi_create_function(env, nullptr, 0, IsUsingGpuDevice, nullptr, &gpu);
  napi_set_named_property(env, exports, "TF_Version", version);
  napi_set_named_property(env, exports, "version", version);
  napi_set_named_property(env, exports, "isUsingGpuDevice", gpu);
  return exports;
}
