// Memory-bound steps of FCOS as TensorFlow kernels, each one pass where TensorFlow's own operations take several.
// Loading this Node-API module registers them; they then run by name beside TensorFlow's own. Every operation has an
// equal made of stock operations in tensor/composed.ts, used where this module could not be built, and in its tests.
#include <node_api.h>

#include "activation.h"
#include "depthwise.h"
#include "group_norm.h"

NAPI_MODULE_INIT() {
  // Registering twice would abort: worker threads of one process share TensorFlow's registry.
  static const bool registered = [] {
    fcos::registerActivations();
    fcos::registerGroupNorm();
    fcos::registerDepthwise();
    return true;
  }();
  napi_value result;
  napi_get_boolean(env, registered, &result);
  return result;
}
