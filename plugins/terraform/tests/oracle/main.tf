# Only terraform_data, the resource type that is built in: nothing is downloaded, nothing is reached.
resource "terraform_data" "kept" { input = "same" }
resource "terraform_data" "scaled" {
  count = 11
  input = "c${count.index}"
}
resource "terraform_data" "edited" {
  input = {
    replicas = 3
    ports    = [80, 443, 8080, 9090]
    labels   = { tier = "web", team = "core", zone = "c" }
    same     = "s"
    ratio    = 0.5
    on       = true
    big      = 1209600
    nested   = { list = [{ p = 1, q = 2 }, { p = 3, q = 4 }] }
  }
}
resource "terraform_data" "replaced" {
  input            = "v"
  triggers_replace = "new"
}
resource "terraform_data" "replaced_late" {
  triggers_replace = { a = "new", b = "same" }
  lifecycle { create_before_destroy = true }
}
resource "terraform_data" "referring" { input = terraform_data.replaced.id }
resource "terraform_data" "policy" {
  input = jsonencode({ Version = "2012-10-17", Statement = [
    { Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"] },
  ] })
}
resource "terraform_data" "new_policy" {
  input = jsonencode({ "a-b" = 1, "c:d" = ["x", { e = true }] })
}
resource "terraform_data" "secret" { input = sensitive("made up") }
module "part" { source = "./part" }
output "referred" { value = terraform_data.replaced.id }
output "map" { value = { one = "1", "b-c" = "2" } }
output "number" { value = 3 }
output "list" { value = ["a", terraform_data.replaced.id] }
output "secret" {
  value     = sensitive("made up")
  sensitive = true
}
