resource "terraform_data" "inner" {
  for_each = toset(["b", "a"])
  input    = "n-${each.key}"
}
