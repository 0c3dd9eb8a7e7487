#pragma once

namespace fcos {
void registerGroupNorm();
}
