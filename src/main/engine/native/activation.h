#pragma once

namespace fcos {
void registerActivations();
}
