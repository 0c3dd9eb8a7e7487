#pragma once

namespace fcos {
void registerDepthwise();
}
